-- What a region sold, closed and won in a period, and how many sellers it had for it: the last 13 months, the one of the
-- business date up to it, and the 365 days up to it. Sales and deals are those of the region, whoever made them.
{%- set this_month = "cast(date_trunc('month', " ~ business_date() ~ ") as date)" %}
with
periods as (
    {% for back in range(13) %}
    select
        'month' as period_grain,
        cast({{ dbt.dateadd('month', -back, this_month) }} as date) as period_start_date,
        {% if back == 0 -%}
        {{ business_date() }}
        {%- else -%}
        cast({{ dbt.dateadd('month', -back + 1, this_month) }} as date) - 1
        {%- endif %} as period_end_date
    union all
    {% endfor %}
    select
        'year' as period_grain,
        {{ business_date() }} - 364 as period_start_date,
        {{ business_date() }} as period_end_date
),

sales as (
    select
        region_key,
        sales_date as day,
        sum(net_sales_amount) as net_sales_amount
    from {{ ref('fct_sales_daily') }}
    group by region_key, sales_date
),

deals as (
    select
        region_key,
        closed_date as day,
        count(*) as closed_count,
        count(*) filter (where opportunity_status = 'won') as won_count,
        count(*) filter (where opportunity_status = 'won' and has_amount) as won_with_amount_count,
        coalesce(sum(amount) filter (where opportunity_status = 'won'), 0) as won_amount,
        coalesce(sum({{ squared('amount') }}) filter (where opportunity_status = 'won'), 0) as won_squares
    from {{ ref('fct_opportunities') }}
    where opportunity_status in ('won', 'lost') and closed_date is not null
    group by region_key, closed_date
),

staff as (
    select
        periods.period_grain,
        periods.period_start_date,
        stretches.region_key,
        sum(
            stretches.fte
            * {{ overlap_days('stretches.from_date', 'stretches.until_date', 'periods.period_start_date', 'periods.period_end_date') }}
        ) as fte_days,
        sum(
            {{ overlap_days('stretches.from_date', 'stretches.until_date', 'periods.period_start_date', 'periods.period_end_date') }}
        ) as head_days
    from periods
    inner join {{ ref('int_sales_reps_employed') }} as stretches
        on periods.period_end_date >= stretches.from_date and periods.period_start_date < stretches.until_date
    where stretches.is_selling
    group by periods.period_grain, periods.period_start_date, stretches.region_key
),

sold as (
    select
        periods.period_grain,
        periods.period_start_date,
        sales.region_key,
        sum(sales.net_sales_amount) as net_sales_amount
    from periods
    inner join sales on sales.day between periods.period_start_date and periods.period_end_date
    group by periods.period_grain, periods.period_start_date, sales.region_key
),

closed as (
    select
        periods.period_grain,
        periods.period_start_date,
        deals.region_key,
        sum(deals.closed_count) as closed_count,
        sum(deals.won_count) as won_count,
        sum(deals.won_with_amount_count) as won_with_amount_count,
        sum(deals.won_amount) as won_amount,
        sum(deals.won_squares) as won_squares
    from periods
    inner join deals on deals.day between periods.period_start_date and periods.period_end_date
    group by periods.period_grain, periods.period_start_date, deals.region_key
),

base as (
    select
        region_key,
        count(*) as addressable_customer_count
    from {{ ref('dim_customers') }}
    where is_addressable and not is_deleted
    group by region_key
),

-- Whom the region reached: its addressable customers who bought or had a deal open or closed in the period. A deal that was
-- closed nobody knows when is there on its first day alone, one that was opened nobody knows when on its last.
reached as (
    select
        periods.period_grain,
        periods.period_start_date,
        customers.region_key,
        count(distinct customers.customer_key) as reached_customer_count
    from periods
    inner join (
        select
            customer_key,
            order_date as from_date,
            order_date as until_date
        from {{ ref('int_orders_keyed') }}
        where not is_cancelled
        union all
        select
            customer_key,
            coalesce(created_date, closed_date, {{ business_date() }}) as from_date,
            case when opportunity_status = 'open' then {{ business_date() }} else coalesce(closed_date, created_date) end as until_date
        from {{ ref('fct_opportunities') }}
    ) as met on periods.period_end_date >= met.from_date and periods.period_start_date <= met.until_date
    inner join {{ ref('dim_customers') }} as customers
        on met.customer_key = customers.customer_key and customers.is_addressable and not customers.is_deleted
    group by periods.period_grain, periods.period_start_date, customers.region_key
),

regions as (
    select region_key from sold
    union distinct
    select region_key from closed
    union distinct
    select region_key from staff
)

select
    periods.period_grain,
    periods.period_start_date,
    periods.period_end_date,
    regions.region_key,
    cast(coalesce(sold.net_sales_amount, 0) as decimal(18, 4)) as net_sales_amount,
    cast(coalesce(closed.closed_count, 0) as bigint) as closed_count,
    cast(coalesce(closed.won_count, 0) as bigint) as won_count,
    cast(coalesce(closed.won_with_amount_count, 0) as bigint) as won_with_amount_count,
    cast(coalesce(closed.won_amount, 0) as decimal(18, 4)) as won_amount,
    -- the squares of the amounts say how much a sum of so many is a matter of chance
    coalesce(closed.won_squares, 0) as won_squares,
    cast(coalesce(staff.fte_days, 0) as decimal(18, 4)) as fte_days,
    cast(coalesce(staff.head_days, 0) as bigint) as head_days,
    cast({{ dbt.datediff('periods.period_start_date', 'periods.period_end_date', 'day') }} + 1 as bigint) as day_count,
    cast(coalesce(reached.reached_customer_count, 0) as bigint) as reached_customer_count,
    cast(coalesce(base.addressable_customer_count, 0) as bigint) as addressable_customer_count
from periods
cross join regions
left join sold
    on
        periods.period_grain = sold.period_grain
        and periods.period_start_date = sold.period_start_date
        and regions.region_key = sold.region_key
left join closed
    on
        periods.period_grain = closed.period_grain
        and periods.period_start_date = closed.period_start_date
        and regions.region_key = closed.region_key
left join staff
    on
        periods.period_grain = staff.period_grain
        and periods.period_start_date = staff.period_start_date
        and regions.region_key = staff.region_key
left join reached
    on
        periods.period_grain = reached.period_grain
        and periods.period_start_date = reached.period_start_date
        and regions.region_key = reached.region_key
left join base on regions.region_key = base.region_key
