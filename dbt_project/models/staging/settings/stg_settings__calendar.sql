select
    cast(date_day as date) as date_day,
    is_workday,
    is_holiday,
    holiday_name
from {{ source('settings', 'calendar') }}
