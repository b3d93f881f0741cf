{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='touchpoint_key',
    on_schema_change='fail',
    post_hook=["{{ forget('int_touchpoints_deleted', ['touchpoint_key']) }}"],
) }}
-- depends_on: {{ ref('int_orders_changed') }}
-- depends_on: {{ ref('int_touchpoints_changed') }}
-- depends_on: {{ ref('int_touchpoints_deleted') }}
{#- Each channel: its type, its fact, the key of the fact, and what the columns of the timeline are there. A platform, a
    site and a survey keep their own log, so nobody enters anything and there is no time of entry. -#}
{%- set no_text = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
{%- set no_time = 'cast(null as timestamp)' -%}
{%- set touches = [
    ('visit', 'fct_visits', 'visit_key', {
        'occurred_at': 'started_at', 'direction': "'outbound'", 'channel': "'visit'",
    }),
    ('chat', 'fct_chats', 'chat_key', {
        'occurred_at': 'started_at', 'channel': 'platform', 'outcome': 'intent',
        'opportunity_key': no_text, 'recorded_at': no_time,
    }),
    ('call', 'fct_calls', 'call_key', {
        'occurred_at': 'started_at', 'direction': 'direction', 'channel': "'phone'", 'opportunity_key': no_text,
        'ended_at': 'cast(' ~ dbt.dateadd('second', 'duration_seconds', 'started_at') ~ ' as timestamp)',
    }),
    ('web_event', 'fct_web_events', 'event_key', {
        'occurred_at': 'occurred_at', 'channel': "'web'", 'outcome': 'event_type', 'rep_key': "'unknown'",
        'opportunity_key': no_text, 'ended_at': no_time, 'recorded_at': no_time,
    }),
    ('lead', 'fct_leads', 'lead_key', {
        'occurred_at': 'created_at', 'channel': 'channel', 'outcome': 'lead_status', 'rep_key': 'owner_rep_key',
        'contact_key': "'unknown'", 'opportunity_key': no_text, 'ended_at': no_time, 'recorded_at': no_time,
    }),
    ('quote', 'fct_quotes', 'quote_key', {
        'occurred_at': 'created_at', 'direction': "'outbound'", 'channel': "'quote'", 'outcome': no_text,
        'ended_at': no_time, 'recorded_at': no_time,
    }),
    ('return', 'fct_returns', 'return_key', {
        'occurred_at': 'returned_at', 'channel': 'channel', 'outcome': 'return_reason', 'contact_key': "'unknown'",
        'opportunity_key': no_text, 'ended_at': no_time, 'recorded_at': no_time,
    }),
    ('survey', 'fct_satisfaction_scores', 'survey_key', {
        'occurred_at': 'answered_at', 'channel': "'survey'", 'outcome': no_text, 'contact_key': "'unknown'",
        'rep_key': "'unknown'", 'opportunity_key': no_text, 'ended_at': no_time, 'recorded_at': no_time,
    }),
] %}

with
united as (
    select
        'order:' || order_key as touchpoint_key,
        'order' as touchpoint_type,
        source,
        customer_key,
        contact_key,
        rep_key,
        opportunity_key,
        ordered_at as occurred_at,
        {{ no_time }} as ended_at,
        'inbound' as direction,
        channel,
        recorded_at,
        order_status as outcome,
        learnt_at
    from {{ ref('int_orders_keyed') }}
    {% if is_incremental() %}
    where order_key in (select changed.order_key from {{ ref('int_orders_changed') }} as changed)
    {% endif %}
    {% for type, fact, key, columns in touches %}
    union all
    select
        '{{ type }}:' || {{ key }}{{ " || '/' || cast(quote_version as " ~ dbt.type_string() ~ ")" if type == 'quote' }} as touchpoint_key,
        '{{ type }}' as touchpoint_type,
        source,
        customer_key,
        {{ columns.contact_key or 'contact_key' }} as contact_key,
        {{ columns.rep_key or 'rep_key' }} as rep_key,
        {{ columns.opportunity_key or 'opportunity_key' }} as opportunity_key,
        {{ columns.occurred_at }} as occurred_at,
        {{ columns.ended_at or 'ended_at' }} as ended_at,
        {{ columns.direction or "'inbound'" }} as direction,
        {{ columns.channel }} as channel,
        {{ columns.recorded_at or 'recorded_at' }} as recorded_at,
        {{ columns.outcome or 'outcome' }} as outcome,
        learnt_at
    from {{ ref(fact) }}
    {% if is_incremental() %}
    where {{ touchpoint_is_changed(type, key) }}
    {% endif %}
    {% endfor %}
),

timed as (
    select
        united.*,
        {{ microseconds_between('united.occurred_at', 'united.recorded_at') }} as entry_microseconds
    from united
)

select
    touchpoint_key,
    touchpoint_type,
    source,
    customer_key,
    contact_key,
    rep_key,
    opportunity_key,
    occurred_at,
    {{ business_date_of('occurred_at') }} as occurred_date,
    ended_at,
    direction,
    channel,
    recorded_at,
    cast(cast(entry_microseconds as decimal(28, 6)) / 3600000000 as decimal(18, 6)) as entry_hours,
    -- Exactly 24 hours is in time; a touchpoint without a time of entry is not counted.
    entry_microseconds <= {{ one_day() }} as is_entered_within_24h,
    outcome,
    learnt_at
from timed
