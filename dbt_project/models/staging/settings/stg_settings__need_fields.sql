select
    field_id,
    name_en as field_name_en,
    name_zh as field_name_zh,
    has_several,
    cast(priority as bigint) as priority
from {{ source('settings', 'need_fields') }}
