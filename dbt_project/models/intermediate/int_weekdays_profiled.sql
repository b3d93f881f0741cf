-- An average workday, an average day off, and an average day of each day of the week, over the 365 days up to the business
-- date or since the first enquiry: sums over days are divided by the days that there were. A Saturday that is worked by
-- the calendar is a workday; a Monday that is a holiday is a day off.
with
enquiries as (
    select * from {{ ref('int_enquiry_days_counted') }}
),

sales as (
    select
        sales_date as date_day,
        sum(net_sales_amount) as net_sales_amount
    from {{ ref('fct_sales_daily') }}
    group by sales_date
),

orders as (
    select
        order_date as date_day,
        count(*) as order_count
    from {{ ref('int_orders_keyed') }}
    where not is_cancelled
    group by order_date
),

bounds as (
    select
        greatest({{ business_date() }} - 364, min(date_day)) as first_date,
        {{ business_date() }} as last_date
    from enquiries
),

days as (
    select
        dates.date_day,
        dates.day_of_week,
        case when dates.is_workday then 'workday' else 'day_off' end as day_type,
        bounds.first_date,
        bounds.last_date,
        coalesce(enquiries.enquiry_count, 0) as enquiry_count,
        case when enquiries.is_matured then enquiries.enquiry_count else 0 end as matured_enquiry_count,
        case when enquiries.is_matured then enquiries.converted_count else 0 end as converted_count,
        coalesce(orders.order_count, 0) as order_count,
        coalesce(sales.net_sales_amount, 0) as net_sales_amount
    from {{ ref('dim_dates') }} as dates
    inner join bounds on dates.date_day between bounds.first_date and bounds.last_date
    left join enquiries on dates.date_day = enquiries.date_day
    left join orders on dates.date_day = orders.date_day
    left join sales on dates.date_day = sales.date_day
),

profiled as (
    select
        day_type,
        -- 0 is every day of the type
        case when grouping(day_of_week) = 1 then 0 else day_of_week end as day_of_week,
        first_date,
        last_date,
        cast(count(*) as bigint) as day_count,
        cast(sum(enquiry_count) as bigint) as enquiry_count,
        cast(sum(matured_enquiry_count) as bigint) as matured_enquiry_count,
        cast(sum(converted_count) as bigint) as converted_count,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(net_sales_amount) as decimal(18, 4)) as net_sales_amount
    from days
    group by grouping sets ((first_date, last_date, day_type), (first_date, last_date, day_type, day_of_week))
),

workdays as (
    select * from profiled
    where day_type = 'workday' and day_of_week = 0
),

rules as (
    select * from {{ ref('stg_settings__comparison_rules') }}
)

select
    profiled.*,
    workdays.day_count as workday_count,
    workdays.enquiry_count as workday_enquiry_count,
    workdays.matured_enquiry_count as workday_matured_enquiry_count,
    workdays.converted_count as workday_converted_count,
    rules.significance,
    rules.least_change_rate,
    -- one test: days off against workdays. The days of the week are there to look at.
    case
        when
            profiled.day_type = 'day_off'
            and profiled.day_of_week = 0
            and profiled.matured_enquiry_count >= rules.least_count
            and workdays.matured_enquiry_count >= rules.least_count
            then {{ two_shares_p(
                'profiled.converted_count', 'profiled.matured_enquiry_count',
                'workdays.converted_count', 'workdays.matured_enquiry_count'
            ) }}
    end as p_value
from profiled
left join workdays on profiled.first_date = workdays.first_date
cross join rules
