select
    segment_id,
    segment_type,
    segment_name_en,
    segment_name_zh,
    priority as display_order
from {{ ref('stg_settings__segments') }}
