-- Full-time days of a seller in a month and region, up to the business date; divided by the days of the month that have
-- been, they are its average share of full time.
with
months as (
    select
        month_start_date,
        min(date_day) as first_date,
        max(date_day) as last_date
    from {{ ref('dim_dates') }}
    where date_day <= {{ business_date() }}
    group by month_start_date
),

stretches as (
    select * from {{ ref('int_sales_reps_employed') }}
),

worked as (
    select
        months.month_start_date,
        months.first_date,
        months.last_date,
        stretches.rep_key,
        stretches.region_key,
        stretches.is_selling,
        stretches.fte,
        {{ overlap_days('stretches.from_date', 'stretches.until_date', 'months.first_date', 'months.last_date') }} as employed_days
    from months
    inner join stretches on months.last_date >= stretches.from_date and months.first_date < stretches.until_date
)

select
    month_start_date,
    rep_key,
    region_key,
    is_selling,
    cast(sum(employed_days) as bigint) as employed_days,
    cast(sum(fte * employed_days) as decimal(18, 4)) as fte_days,
    cast({{ dbt.datediff('first_date', 'last_date', 'day') }} + 1 as bigint) as day_count
from worked
group by month_start_date, rep_key, region_key, is_selling, first_date, last_date
