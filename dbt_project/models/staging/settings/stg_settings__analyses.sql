select
    analysis_id,
    cast(priority as bigint) as priority,
    mart,
    name_en,
    name_zh,
    absent_reason_en,
    absent_reason_zh
from {{ source('settings', 'analyses') }}
