select
    schedule_id,
    name_en,
    name_zh
from {{ source('settings', 'schedules') }}
