select
    segment_id,
    segment_type,
    cast(priority as bigint) as priority,
    name_en as segment_name_en,
    name_zh as segment_name_zh
from {{ source('settings', 'segments') }}
