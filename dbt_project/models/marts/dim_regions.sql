-- Every region of the settings and every one that any record names.
with
regions as (
    select * from {{ ref('stg_settings__regions') }}
),

seen as (
    select region_key from regions
    union distinct
    select region_key from {{ ref('int_orders_keyed') }}
    union distinct
    select region_key from {{ ref('fct_returns') }}
    union distinct
    select region_key from {{ ref('fct_opportunities') }}
    union distinct
    select region_key from {{ ref('int_customers_identified') }}
    where region_key is not null
    union distinct
    select region_key from {{ ref('int_sales_reps_deduplicated') }}
    where region_key is not null
    union distinct
    -- where sellers were before
    select region_key from {{ ref('int_sales_reps_employed') }}
    union distinct
    select region_key from {{ ref('dim_dealers') }}
    union distinct
    select region_key from {{ ref('dim_stores') }}
    union distinct
    select region_key from {{ ref('dim_market_events') }}
    where region_key <> 'all'
    union distinct
    select 'unknown' as region_key
)

select
    seen.region_key,
    coalesce(regions.region_name_en, seen.region_key) as region_name_en,
    coalesce(regions.region_name_zh, case when seen.region_key = 'unknown' then '未知' else seen.region_key end) as region_name_zh,
    coalesce(regions.region_level, 'region') as region_level,
    regions.parent_region_key,
    regions.iso_code
from seen
left join regions on seen.region_key = regions.region_key
