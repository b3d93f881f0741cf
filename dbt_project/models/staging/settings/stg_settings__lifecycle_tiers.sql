select
    tier,
    cast(priority as bigint) as priority,
    name_en as tier_name_en,
    name_zh as tier_name_zh,
    retention_class
from {{ source('settings', 'lifecycle_tiers') }}
