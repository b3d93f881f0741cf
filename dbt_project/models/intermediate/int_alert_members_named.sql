-- Names of members as people say them. A person is named by a key: alerts go further than the marts do.
select
    'region' as dimension_name,
    region_key as dimension_value,
    region_name_en as member_name_en,
    region_name_zh as member_name_zh
from {{ ref('dim_regions') }}
union all
select
    'channel' as dimension_name,
    channel as dimension_value,
    channel_name_en as member_name_en,
    channel_name_zh as member_name_zh
from {{ ref('dim_channels') }}
union all
select
    'product' as dimension_name,
    product_key as dimension_value,
    product_name as member_name_en,
    product_name as member_name_zh
from {{ ref('dim_products') }}
union all
select
    'dealer' as dimension_name,
    dealer_key as dimension_value,
    dealer_name as member_name_en,
    dealer_name as member_name_zh
from {{ ref('dim_dealers') }}
union all
select
    'source' as dimension_name,
    source as dimension_value,
    label_en as member_name_en,
    label_zh as member_name_zh
from {{ ref('stg_settings__sources') }}
union all
select
    'target' as dimension_name,
    target_id as dimension_value,
    target_name_en as member_name_en,
    target_name_zh as member_name_zh
from {{ ref('int_targets_defined') }}
union all
select
    'total' as dimension_name,
    'total' as dimension_value,
    'Total' as member_name_en,
    '合计' as member_name_zh
