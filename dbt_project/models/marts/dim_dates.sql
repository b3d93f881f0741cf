select
    date_day,
    cast(date_trunc('week', date_day) as date) as week_start_date,
    cast(date_trunc('month', date_day) as date) as month_start_date,
    cast(date_trunc('quarter', date_day) as date) as quarter_start_date,
    cast(extract(year from date_day) as bigint) as year_number,
    {{ day_of_week('date_day') }} as day_of_week,
    coalesce(is_workday, false) as is_workday,
    coalesce(is_holiday, false) as is_holiday,
    cast(sum(case when is_workday then 1 else 0 end) over (order by date_day) as bigint) as workday_number,
    holiday_name,
    fiscal_year_number,
    fiscal_quarter_number,
    fiscal_year_start_date,
    fiscal_quarter_start_date
from {{ ref('stg_settings__calendar') }}
