-- A full table every night: what it is made of is kept incrementally already, and a row of it changes whenever its
-- customer, order or deal does.
{%- set text = dbt.type_string() -%}
{%- set no_text = 'cast(null as ' ~ text ~ ')' -%}
{%- set types = timeline_types() %}

with
touches as (
    select * from {{ ref('fct_touchpoints') }}
),

orders as (
    select * from {{ ref('int_orders_keyed') }}
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

-- What a touch says beyond fct_touchpoints: an amount, its order, and a detail where the source has no word for the outcome.
order_amounts as (
    select
        order_key,
        sum(net_amount) as amount
    from {{ ref('fct_order_lines') }}
    group by order_key
),

measures as (
    select
        'order:' || orders.order_key as event_key,
        order_amounts.amount,
        orders.order_key,
        {{ no_text }} as detail_en,
        {{ no_text }} as detail_zh
    from orders
    left join order_amounts on orders.order_key = order_amounts.order_key
    union all
    select
        'return:' || return_key as event_key,
        refund_amount as amount,
        order_key,
        {{ no_text }} as detail_en,
        {{ no_text }} as detail_zh
    from {{ ref('fct_returns') }}
    union all
    select
        'quote:' || quote_key || '/' || cast(quote_version as {{ text }}) as event_key,
        amount,
        {{ no_text }} as order_key,
        'version ' || cast(quote_version as {{ text }}) as detail_en,
        '第 ' || cast(quote_version as {{ text }}) || ' 版' as detail_zh
    from {{ ref('fct_quotes') }}
    union all
    select
        'survey:' || survey_key as event_key,
        cast(null as decimal(18, 4)) as amount,
        order_key,
        {{ number_text('score') }} || '/' || {{ number_text('max_score') }} as detail_en,
        {{ number_text('score') }} || '/' || {{ number_text('max_score') }} as detail_zh
    from {{ ref('fct_satisfaction_scores') }}
),

united as (
    select
        touches.touchpoint_key as event_key,
        touches.touchpoint_type as event_type,
        touches.source,
        substring(touches.touchpoint_key, length(touches.touchpoint_type) + 2) as record_key,
        touches.customer_key,
        touches.contact_key,
        touches.rep_key,
        touches.opportunity_key,
        measures.order_key,
        touches.occurred_at as happened_at,
        touches.occurred_date as happened_date,
        touches.channel,
        touches.direction,
        touches.outcome,
        measures.detail_en,
        measures.detail_zh,
        measures.amount
    from touches
    left join measures on touches.touchpoint_key = measures.event_key
    union all
    select
        'stage:' || stages.opportunity_key || '/' || cast(stages.entered_at as {{ text }}) as event_key,
        'stage' as event_type,
        {{ source_of('stages.opportunity_key') }} as source,
        stages.opportunity_key as record_key,
        coalesce(opportunities.customer_key, 'unknown') as customer_key,
        coalesce(opportunities.contact_key, 'unknown') as contact_key,
        coalesce(opportunities.owner_rep_key, 'unknown') as rep_key,
        stages.opportunity_key,
        {{ no_text }} as order_key,
        stages.entered_at as happened_at,
        stages.entered_date as happened_date,
        {{ no_text }} as channel,
        {{ no_text }} as direction,
        stages.stage as outcome,
        {{ no_text }} as detail_en,
        {{ no_text }} as detail_zh,
        stages.amount
    from {{ ref('fct_opportunity_stage_events') }} as stages
    left join opportunities on stages.opportunity_key = opportunities.opportunity_key
    union all
    -- An invoice has no other day than the one on which it is due.
    select
        'invoice:' || invoices.invoice_key as event_key,
        'invoice' as event_type,
        {{ source_of('invoices.invoice_key') }} as source,
        invoices.invoice_key as record_key,
        invoices.customer_key,
        'unknown' as contact_key,
        coalesce(orders.rep_key, 'unknown') as rep_key,
        orders.opportunity_key,
        invoices.order_key,
        cast(invoices.due_date as timestamp) as happened_at,
        invoices.due_date as happened_date,
        orders.channel,
        'outbound' as direction,
        {{ no_text }} as outcome,
        {{ no_text }} as detail_en,
        {{ no_text }} as detail_zh,
        invoices.amount
    from {{ ref('fct_invoices') }} as invoices
    left join orders on invoices.order_key = orders.order_key
    union all
    select
        'payment:' || payments.payment_key as event_key,
        'payment' as event_type,
        {{ source_of('payments.payment_key') }} as source,
        payments.payment_key as record_key,
        payments.customer_key,
        'unknown' as contact_key,
        coalesce(orders.rep_key, 'unknown') as rep_key,
        orders.opportunity_key,
        payments.order_key,
        payments.paid_at as happened_at,
        payments.paid_date as happened_date,
        orders.channel,
        'inbound' as direction,
        {{ no_text }} as outcome,
        {{ no_text }} as detail_en,
        {{ no_text }} as detail_zh,
        payments.amount
    from {{ ref('fct_payments') }} as payments
    left join orders on payments.order_key = orders.order_key
)

select
    customer_key,
    happened_at,
    event_key,
    event_type,
    happened_date,
    channel,
    direction,
    {% for language in ['en', 'zh'] %}
    case event_type
        {% for type, name in types.items() %}
        when '{{ type }}' then '{{ name[language] }}'
        {% endfor %}
    end
    || coalesce(
        ' · ' || coalesce(
            detail_{{ language }},
            case
                {% for word, name in timeline_words().items() %}
                when event_type = 'order' and outcome = '{{ word }}' then '{{ name[language] }}'
                {% endfor %}
            end,
            outcome
        ),
        ''
    ) as title_{{ language }},
    {% endfor %}
    outcome,
    cast(amount as decimal(18, 4)) as amount,
    contact_key,
    rep_key,
    opportunity_key,
    order_key,
    source,
    record_key
from united
