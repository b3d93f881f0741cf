select
    analysis_id,
    priority,
    mart,
    name_en,
    name_zh,
    absent_reason_en is null as is_available,
    absent_reason_en,
    absent_reason_zh
from {{ ref('stg_settings__analyses') }}
