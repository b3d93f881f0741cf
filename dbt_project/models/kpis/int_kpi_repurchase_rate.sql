-- The month of the business date ends there. A customer's latest order day before an end says whether it bought in the 365
-- days, and the day before that one whether it came back: one row for each customer and month, however often it buys.
with
days as (
    {% for name, column in [('total', "'total'"), ('category', 'category'), ('price_band', 'price_band')] %}
    select distinct
        '{{ name }}' as dimension_name,
        {{ column }} as dimension_value,
        customer_key,
        order_date
    from {{ ref('int_order_days_bought') }}
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

neighbours as (
    select
        days.*,
        lag(order_date) over (partition by dimension_name, dimension_value, customer_key order by order_date asc) as previous_date,
        lead(order_date) over (partition by dimension_name, dimension_value, customer_key order by order_date asc) as next_date
    from days
),

month_ends as (
    {{ month_ends('select min(earliest.order_date) from days as earliest') | indent(4) }}
),

counted as (
    select
        'month' as period_grain,
        month_ends.month_start_date as period_start_date,
        neighbours.dimension_name,
        neighbours.dimension_value,
        count(*) filter (where neighbours.previous_date > month_ends.last_date - 365) as numerator,
        count(*) as denominator
    from neighbours
    inner join month_ends
        on
            neighbours.order_date > month_ends.last_date - 365
            and neighbours.order_date <= month_ends.last_date
            and (neighbours.next_date is null or neighbours.next_date > month_ends.last_date)
    group by month_ends.month_start_date, neighbours.dimension_name, neighbours.dimension_value
),

rates as (
    select
        counted.*,
        {{ ratio('numerator', 'denominator') }} as value
    from counted
)

{{ kpi_without_gaps('repurchase_rate', 'rates', ['month']) }}
