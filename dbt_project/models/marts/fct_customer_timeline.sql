{#-
    Each type of event: the facts that it comes from, and what the columns of the timeline are there. What a type does
    not say is null, a person or seller that it does not name is `unknown`. Each branch reads its fact as it is: no join
    but that of an order with its lines, of a stage with its deal, of an invoice or payment with its order.
-#}
{%- set text = dbt.type_string() -%}
{%- set no_text = 'cast(null as ' ~ text ~ ')' -%}
{%- set score = number_text('score') ~ " || '/' || " ~ number_text('max_score') -%}
{%- set version = 'cast(quote_version as ' ~ text ~ ')' -%}
{%- set of_touch = {
    'relation': 'touches', 'event_key': 'touchpoint_key', 'source': 'source',
    'contact_key': 'contact_key', 'rep_key': 'rep_key', 'opportunity_key': 'opportunity_key',
    'happened_at': 'occurred_at', 'happened_date': 'occurred_date', 'channel': 'channel', 'direction': 'direction',
    'outcome': 'outcome',
} -%}
{%- set events = [
    ('visit', of_touch), ('chat', of_touch), ('call', of_touch), ('web_event', of_touch), ('lead', of_touch),
    ('order', {
        'relation': 'orders', 'key': 'order_key', 'source': 'source',
        'contact_key': 'contact_key', 'rep_key': 'rep_key', 'opportunity_key': 'opportunity_key', 'order_key': 'order_key',
        'happened_at': 'ordered_at', 'happened_date': 'order_date', 'channel': 'channel', 'direction': "'inbound'",
        'outcome': 'order_status', 'detail_en': 'detail_en', 'detail_zh': 'detail_zh', 'amount': 'net_amount',
    }),
    ('return', {
        'relation': ref('fct_returns'), 'key': 'return_key', 'source': 'source', 'rep_key': 'rep_key',
        'order_key': 'order_key', 'happened_at': 'returned_at', 'happened_date': 'return_date', 'channel': 'channel',
        'direction': "'inbound'", 'outcome': 'return_reason', 'amount': 'refund_amount',
    }),
    ('quote', {
        'relation': ref('fct_quotes'), 'key': "quote_key || '/' || " ~ version, 'source': 'source',
        'contact_key': 'contact_key', 'rep_key': 'rep_key', 'opportunity_key': 'opportunity_key',
        'happened_at': 'created_at', 'happened_date': 'created_date', 'channel': "'quote'", 'direction': "'outbound'",
        'detail_en': "'version ' || " ~ version, 'detail_zh': "'第 ' || " ~ version ~ " || ' 版'", 'amount': 'amount',
    }),
    ('survey', {
        'relation': ref('fct_satisfaction_scores'), 'key': 'survey_key', 'source': 'source', 'order_key': 'order_key',
        'happened_at': 'answered_at', 'happened_date': 'answered_date', 'channel': "'survey'",
        'direction': "'inbound'", 'detail_en': score, 'detail_zh': score,
    }),
    ('stage', {
        'relation': 'stages', 'key': "opportunity_key || '/' || cast(entered_at as " ~ text ~ ')',
        'record_key': 'opportunity_key', 'source': source_of('opportunity_key'), 'contact_key': 'contact_key',
        'rep_key': 'rep_key', 'opportunity_key': 'opportunity_key', 'happened_at': 'entered_at',
        'happened_date': 'entered_date', 'outcome': 'stage', 'amount': 'amount',
    }),
    ('invoice', {
        'relation': 'invoices', 'key': 'invoice_key', 'source': source_of('invoice_key'), 'rep_key': 'rep_key',
        'opportunity_key': 'opportunity_key', 'order_key': 'order_key', 'happened_at': 'cast(due_date as timestamp)',
        'happened_date': 'due_date', 'channel': 'channel', 'direction': "'outbound'", 'amount': 'amount',
    }),
    ('payment', {
        'relation': 'payments', 'key': 'payment_key', 'source': source_of('payment_key'), 'rep_key': 'rep_key',
        'opportunity_key': 'opportunity_key', 'order_key': 'order_key', 'happened_at': 'paid_at',
        'happened_date': 'paid_date', 'channel': 'channel', 'direction': "'inbound'", 'amount': 'amount',
    }),
] -%}
{%- set names = timeline_types() %}

with
touches as (
    select * from {{ ref('fct_touchpoints') }}
),

order_amounts as (
    select
        order_key,
        sum(net_amount) as net_amount
    from {{ ref('fct_order_lines') }}
    group by order_key
),

orders as (
    select
        orders.*,
        order_amounts.net_amount,
        {{ timeline_order_status('orders.order_status', 'en') }} as detail_en,
        {{ timeline_order_status('orders.order_status', 'zh') }} as detail_zh
    from {{ ref('int_orders_keyed') }} as orders
    left join order_amounts on orders.order_key = order_amounts.order_key
),

stages as (
    select
        stages.*,
        coalesce(opportunities.customer_key, 'unknown') as customer_key,
        coalesce(opportunities.contact_key, 'unknown') as contact_key,
        coalesce(opportunities.owner_rep_key, 'unknown') as rep_key
    from {{ ref('fct_opportunity_stage_events') }} as stages
    left join {{ ref('fct_opportunities') }} as opportunities on stages.opportunity_key = opportunities.opportunity_key
),

{% for relation in ['invoices', 'payments'] %}
{{ relation }} as (
    select
        {{ relation }}.*,
        coalesce(orders.rep_key, 'unknown') as rep_key,
        orders.opportunity_key,
        orders.channel
    from {{ ref('fct_' ~ relation) }} as {{ relation }}
    left join {{ ref('int_orders_keyed') }} as orders on {{ relation }}.order_key = orders.order_key
),

{% endfor %}
united as (
    {% for type, says in events %}
    select
        customer_key,
        {{ says.happened_at }} as happened_at,
        {{ says.event_key or "'" ~ type ~ ":' || " ~ says.key }} as event_key,
        '{{ type }}' as event_type,
        {{ says.happened_date }} as happened_date,
        {{ says.channel or no_text }} as channel,
        {{ says.direction or no_text }} as direction,
        {% for language in ['en', 'zh'] %}
        {{ timeline_title(names[type][language], says['detail_' ~ language] or no_text, says.outcome or no_text) }} as title_{{ language }},
        {% endfor %}
        {{ says.outcome or no_text }} as outcome,
        cast({{ says.amount or 'null' }} as decimal(18, 4)) as amount,
        {{ says.contact_key or "'unknown'" }} as contact_key,
        {{ says.rep_key or "'unknown'" }} as rep_key,
        {{ says.opportunity_key or no_text }} as opportunity_key,
        {{ says.order_key or no_text }} as order_key,
        {{ says.source }} as source,
        {{ says.record_key or says.key or 'substring(touchpoint_key, ' ~ (type | length + 2) ~ ')' }} as record_key
    from {{ says.relation }}
    {% if says.event_key %}
    where touchpoint_type = '{{ type }}'
    {% endif %}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    customer_key,
    happened_at,
    event_key,
    event_type,
    happened_date,
    channel,
    direction,
    title_en,
    title_zh,
    outcome,
    amount,
    contact_key,
    rep_key,
    opportunity_key,
    order_key,
    source,
    record_key
from united
