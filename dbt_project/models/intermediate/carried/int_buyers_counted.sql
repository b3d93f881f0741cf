{{ config(post_hook="{{ forget_months('quarter_fingerprint') }}") }}
{%- set dimensions = {'region': 'region_key', 'channel': 'channel'} -%}
{%- set grains = ['month', 'quarter'] -%}
-- Customers and orders are counted where they bought, a buyer whom nobody knows not as a customer; refunds come off in the
-- period of the return, as in net sales. Carried by quarter, whose own rows lie in its first month.
with
due as (
    {{ due_months('quarter_fingerprint') | indent(4) }}
),

moved as (
    select
        order_date as moved_date,
        region_key,
        channel,
        nullif(customer_key, 'unknown') as customer_key,
        order_key,
        net_amount as amount
    from {{ ref('fct_order_lines') }}
    where not is_cancelled
    union all
    select
        return_date as moved_date,
        region_key,
        channel,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        cast(null as {{ dbt.type_string() }}) as order_key,
        -refund_amount as amount
    from {{ ref('fct_returns') }}
    where not is_cancelled
),

by_order as (
    select
        cast(date_trunc('month', moved_date) as date) as moved_month,
        region_key,
        channel,
        customer_key,
        order_key,
        sum(amount) as amount
    from moved
    where moved_date <= {{ business_date() }} and {{ month_of('moved_date') }} in (select due.month_start_date from due)
    group by cast(date_trunc('month', moved_date) as date), region_key, channel, customer_key, order_key
),

grouped as (
    {{ kpi_grouped('by_order', 'moved_month', grains, dimensions, {
        'amount': 'sum(amount)', 'customer_count': 'count(distinct customer_key)', 'order_count': 'count(order_key)',
    }) | indent(4) }}
)

select
    due.month_start_date,
    due.fingerprint,
    grouped.*
from grouped
inner join due on grouped.period_start_date = due.month_start_date
