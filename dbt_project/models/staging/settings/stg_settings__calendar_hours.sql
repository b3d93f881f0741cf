select
    schedule_id,
    cast(date_day as date) as date_day,
    coalesce(is_open, false) as is_open,
    cast(open_day_number as bigint) as open_day_number,
    cast(open_seconds as bigint) as open_seconds,
    cast(open_seconds_before as bigint) as open_seconds_before,
    cast(opens_1_at as timestamp) as opens_1_at,
    cast(closes_1_at as timestamp) as closes_1_at,
    cast(opens_2_at as timestamp) as opens_2_at,
    cast(closes_2_at as timestamp) as closes_2_at,
    cast(opens_3_at as timestamp) as opens_3_at,
    cast(closes_3_at as timestamp) as closes_3_at,
    cast(opens_4_at as timestamp) as opens_4_at,
    cast(closes_4_at as timestamp) as closes_4_at
from {{ source('settings', 'calendar_hours') }}
