-- A store that anything names is here, also without a master record.
with
stores as (
    select * from {{ ref('int_stores_deduplicated') }}
),

dealers as (
    select * from {{ ref('int_dealers_deduplicated') }}
),

seen as (
    select store_key from stores
    union distinct
    select store_key from {{ ref('int_orders_keyed') }}
    union distinct
    select store_key from {{ ref('fct_store_sales') }}
    union distinct
    select store_key from {{ ref('fct_satisfaction_scores') }}
    union distinct
    select 'unknown' as store_key
)

select
    seen.store_key,
    coalesce(stores.dealer_key, 'unknown') as dealer_key,
    coalesce(stores.store_name, seen.store_key) as store_name,
    coalesce(stores.region_key, dealers.region_key, 'unknown') as region_key,
    coalesce(stores.province_key, 'unknown') as province_key,
    stores.city,
    coalesce(stores.is_deleted, false) as is_deleted
from seen
left join stores on seen.store_key = stores.store_key
left join dealers on stores.dealer_key = dealers.dealer_key
