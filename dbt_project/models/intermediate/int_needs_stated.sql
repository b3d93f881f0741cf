{%- set patterns = var('need_patterns', []) -%}
{#- What may be read: the words of customers, not of sellers or robots; and what sellers noted of a visit. -#}
{%- set texts = [
    ('chats', 'messages', "'chat:' || chat_key", 'message_number', 'message_text', 'sent_at'),
    ('visits', 'visits', "'visit:' || visit_key", 'cast(0 as bigint)', 'visit_notes', 'started_at'),
] -%}
-- One statement for each rule that finds something in a text, for each time that it does where a field has several values, and
-- for each fact that tells a need.
with
messages as (
    select * from {{ present('int_chat_messages_deduplicated') }}
    where sender_type = 'customer'
),

visits as (
    select * from {{ present('int_visits_deduplicated') }}
),

contacts as (
    select * from {{ ref('dim_contacts') }}
),

rules as (
    select * from {{ ref('stg_settings__need_rules') }}
    where fact is not null
),

told as (
    {% for rule in patterns %}
    {% for kind, relation, touchpoint, number, text, moment in texts if kind in rule.texts %}
    {{ stated_by(rule, relation, touchpoint, number, text, moment) }}
    union all
    {% endfor %}
    {% endfor %}
    select
        rules.rule_id,
        facts.touchpoint_key,
        cast(0 as bigint) as message_number,
        cast(null as timestamp) as stated_at,
        facts.need_value,
        cast(null as {{ dbt.type_string() }}) as quoted_text,
        cast(1 as bigint) as match_number
    from rules
    inner join (
        select
            'quoted_product_line' as fact,
            'quote:' || quotes.quote_key || '/' || cast(quotes.quote_version as {{ dbt.type_string() }}) as touchpoint_key,
            opportunities.product_line as need_value
        from {{ ref('fct_quotes') }} as quotes
        inner join {{ ref('fct_opportunities') }} as opportunities
            on quotes.opportunity_key = opportunities.opportunity_key
        union all
        select
            'white_paper_read' as fact,
            'web_event:' || event_key as touchpoint_key,
            content_id as need_value
        from {{ ref('fct_web_events') }}
        where content_type = 'white_paper'
        union all
        select
            'chat_intent' as fact,
            'chat:' || chat_key as touchpoint_key,
            intent as need_value
        from {{ ref('fct_chats') }}
        union all
        select
            'contact_role' as fact,
            touchpoints.touchpoint_key,
            contacts.contact_role as need_value
        from {{ ref('fct_touchpoints') }} as touchpoints
        inner join contacts on touchpoints.contact_key = contacts.contact_key
        where touchpoints.touchpoint_type in ('visit', 'call', 'chat')
    ) as facts
        on rules.fact = facts.fact
    where facts.need_value is not null and facts.need_value <> 'unknown'
)

select
    rule_id,
    touchpoint_key,
    message_number,
    stated_at,
    need_value,
    quoted_text,
    match_number
from told
where need_value is not null
