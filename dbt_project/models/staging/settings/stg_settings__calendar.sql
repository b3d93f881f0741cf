select
    cast(date_day as date) as date_day,
    is_workday,
    is_holiday,
    holiday_name,
    cast(fiscal_year_number as bigint) as fiscal_year_number,
    cast(fiscal_quarter_number as bigint) as fiscal_quarter_number,
    cast(fiscal_year_start_date as date) as fiscal_year_start_date,
    cast(fiscal_quarter_start_date as date) as fiscal_quarter_start_date
from {{ source('settings', 'calendar') }}
