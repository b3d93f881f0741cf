select
    region_key,
    region_name_en,
    region_name_zh,
    level as region_level,
    parent_region_key,
    iso_code
from {{ source('settings', 'regions') }}
