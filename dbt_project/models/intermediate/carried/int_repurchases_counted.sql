{{ config(post_hook="{{ forget_months('year_fingerprint') }}") }}
-- Who bought in the 365 days that end with a month, and who of them on two days, carried by month; the month of the business
-- date ends there. A customer's latest order day before an end says whether it bought in the 365 days, and the day before that
-- one whether it came back. From which day to which day a day says so is counted, not the customers of each month.
with
due as (
    {{ due_months('year_fingerprint') | indent(4) }}
),

month_ends as (
    select * from due
    where month_start_date <= {{ business_date() }}
),

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
    where order_date > (select min(earliest.last_date) - 365 from month_ends as earliest)
    group by {{ key }}, order_date
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

moved as (
    {{ repurchases_moved('days', ['dimension_name', 'dimension_value']) | indent(4) }}
)

select
    month_ends.month_start_date,
    month_ends.fingerprint,
    moved.dimension_name,
    moved.dimension_value,
    cast(sum(moved.repurchase_customer_count) as bigint) as repurchase_customer_count,
    cast(sum(moved.customer_count) as bigint) as customer_count
from month_ends
inner join moved on month_ends.last_date >= moved.moved_date
group by month_ends.month_start_date, month_ends.fingerprint, moved.dimension_name, moved.dimension_value
having sum(moved.customer_count) > 0
