{#- Each type of event, the rows that it is made of, and their amount. #}
{%- set facts = [
    ('order', 'int_orders_keyed', none),
    ('visit', 'fct_visits', none),
    ('chat', 'fct_chats', none),
    ('call', 'fct_calls', none),
    ('web_event', 'fct_web_events', none),
    ('lead', 'fct_leads', none),
    ('quote', 'fct_quotes', 'amount'),
    ('return', 'fct_returns', 'refund_amount'),
    ('survey', 'fct_satisfaction_scores', none),
    ('stage', 'fct_opportunity_stage_events', 'amount'),
    ('invoice', 'fct_invoices', 'amount'),
    ('payment', 'fct_payments', 'amount'),
] -%}
-- No join lost or doubled an event: each type has the rows and the amount of its fact. The amount of orders is that of all lines.
with
expected as (
    {% for type, fact, amount in facts %}
    select
        '{{ type }}' as event_type,
        count(*) as row_count,
        {{ 'coalesce(sum(' ~ amount ~ '), 0)' if amount else '0' }} as amount
    from {{ ref(fact) }}
    union all
    {% endfor %}
    select
        'order' as event_type,
        0 as row_count,
        coalesce(sum(net_amount), 0) as amount
    from {{ ref('fct_order_lines') }}
),

told as (
    select
        event_type,
        count(*) as row_count,
        coalesce(sum(amount), 0) as amount
    from {{ ref('fct_customer_timeline') }}
    group by event_type
),

summed as (
    select
        event_type,
        sum(row_count) as row_count,
        sum(amount) as amount
    from expected
    group by event_type
)

select
    coalesce(summed.event_type, told.event_type) as event_type,
    summed.row_count as fact_rows,
    told.row_count as timeline_rows,
    summed.amount as fact_amount,
    told.amount as timeline_amount
from summed
full outer join told on summed.event_type = told.event_type
where
    coalesce(summed.row_count, -1) <> coalesce(told.row_count, 0)
    or coalesce(summed.amount, 0) <> coalesce(told.amount, 0)
