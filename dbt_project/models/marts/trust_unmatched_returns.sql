-- Units that came back and are in no return rate, because no sold unit is found for them.
with
returned as (
    select
        order_key,
        coalesce({{ source_of('order_key') }}, source) as source,
        is_order_known,
        sum(quantity) as unit_count
    from {{ ref('fct_returns') }}
    where not is_cancelled and return_date <= {{ business_date() }}
    group by order_key, coalesce({{ source_of('order_key') }}, source), is_order_known
),

lines as (
    select
        order_key,
        line_number,
        quantity
    from {{ ref('fct_order_lines') }}
    where order_key in (select returned.order_key from returned)
),

matched as (
    select
        lines.order_key,
        sum(least(coalesce(line_returns.returned_quantity, 0), greatest(lines.quantity, 0))) as unit_count
    from lines
    left join {{ ref('fct_line_returns') }} as line_returns
        on lines.order_key = line_returns.order_key and lines.line_number = line_returns.line_number
    group by lines.order_key
),

compared as (
    select
        returned.source,
        case
            when returned.order_key is null then 'no_order'
            when not returned.is_order_known then 'unknown_order'
            when matched.order_key is null then 'order_without_lines'
            else 'more_than_sold'
        end as reason,
        returned.unit_count - coalesce(matched.unit_count, 0) as unit_count
    from returned
    left join matched on returned.order_key = matched.order_key
)

select
    source,
    reason,
    count(*) as order_count,
    cast(sum(unit_count) as bigint) as unit_count
from compared
where unit_count > 0
group by source, reason
