select
    hours.schedule_id,
    schedules.name_en as schedule_name_en,
    schedules.name_zh as schedule_name_zh,
    hours.date_day,
    hours.is_open,
    hours.open_day_number,
    hours.open_seconds,
    hours.open_seconds_before,
    hours.opens_1_at,
    hours.closes_1_at,
    hours.opens_2_at,
    hours.closes_2_at,
    hours.opens_3_at,
    hours.closes_3_at,
    hours.opens_4_at,
    hours.closes_4_at
from {{ ref('stg_settings__calendar_hours') }} as hours
inner join {{ ref('stg_settings__schedules') }} as schedules on hours.schedule_id = schedules.schedule_id
