-- A dealer that anything names is here, also without a master record.
with
dealers as (
    select * from {{ ref('int_dealers_deduplicated') }}
),

seen as (
    select dealer_key from dealers
    union distinct
    select dealer_key from {{ ref('int_stores_deduplicated') }}
    where dealer_key is not null
    union distinct
    select dealer_key from {{ ref('int_orders_keyed') }}
    union distinct
    select dealer_key from {{ ref('fct_dealer_orders') }}
    union distinct
    select dealer_key from {{ ref('fct_dealer_inventory') }}
    union distinct
    select dealer_key from {{ ref('fct_store_sales') }}
    union distinct
    select dealer_key from {{ ref('fct_satisfaction_scores') }}
    union distinct
    select 'unknown' as dealer_key
)

select
    seen.dealer_key,
    coalesce(dealers.dealer_name, seen.dealer_key) as dealer_name,
    coalesce(dealers.region_key, 'unknown') as region_key,
    coalesce(dealers.dealer_tier, 'unknown') as dealer_tier,
    coalesce(dealers.is_deleted, false) as is_deleted
from seen
left join dealers on seen.dealer_key = dealers.dealer_key
