-- The month of the business date ends there. A customer's latest order day before an end says whether it bought in the 365
-- days, and the day before that one whether it came back. From which day to which a day says so is counted, not the customers
-- of each month.
with
days as (
    {% for name, column in [('total', "'total'"), ('category', 'category'), ('price_band', 'price_band')] %}
    {%- set key = 'customer_key' if name == 'total' else 'customer_key, ' ~ column %}
    select
        '{{ name }}' as dimension_name,
        {{ column }} as dimension_value,
        order_date,
        lag(order_date) over (partition by {{ key }} order by order_date asc) as previous_date,
        lead(order_date) over (partition by {{ key }} order by order_date asc) as next_date
    from {{ ref('int_order_days_bought') }}
    group by {{ key }}, order_date
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

month_ends as (
    {{ month_ends('select min(earliest.order_date) from ' ~ ref('int_order_days_bought') ~ ' as earliest') | indent(4) }}
),

moved as (
    {{ repurchases_moved('days', ['dimension_name', 'dimension_value']) | indent(4) }}
),

counted as (
    select
        'month' as period_grain,
        month_ends.month_start_date as period_start_date,
        moved.dimension_name,
        moved.dimension_value,
        sum(moved.repurchase_customer_count) as numerator,
        sum(moved.customer_count) as denominator
    from month_ends
    inner join moved on month_ends.last_date >= moved.moved_date
    group by month_ends.month_start_date, moved.dimension_name, moved.dimension_value
    having sum(moved.customer_count) > 0
),

rates as (
    select
        counted.*,
        {{ ratio('numerator', 'denominator') }} as value
    from counted
)

{{ kpi_without_gaps('repurchase_rate', 'rates', ['month']) }}
