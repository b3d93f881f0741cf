{%- set event_times = {
    'calls': 'started_at', 'chat_messages': 'sent_at', 'chats': 'started_at', 'dealer_inventory': 'counted_at',
    'dealer_orders': 'ordered_at', 'experiment_assignments': 'assigned_at', 'leads': 'created_at',
    'opportunities': 'created_at', 'opportunity_stage_events': 'entered_at', 'orders': 'ordered_at',
    'payments': 'paid_at', 'quotes': 'created_at', 'returns': 'returned_at', 'satisfaction_scores': 'answered_at',
    'store_sales': 'sold_at', 'visits': 'started_at', 'web_events': 'occurred_at',
} -%}
with
sources as (
    select * from {{ ref('stg_settings__sources') }}
),

loads as (
    select
        loads.*,
        row_number() over (partition by source order by extracted_at desc nulls last, load_id desc nulls first) as place
    from {{ ref('stg_ledger__loads') }} as loads
),

landed as (
    select
        source,
        max(extracted_at) as last_load_at
    from loads
    where load_status = 'landed'
    group by source
),

latest as (
    select * from loads
    where place = 1
),

events as (
    select
        source,
        max(event_at) as last_event_at
    from (
        {% for entity, column in event_times.items() %}
        select
            source,
            max({{ column }}) as event_at
        from {{ ref('int_' ~ entity ~ '_deduplicated') }}
        group by source
        {{ "union all" if not loop.last }}
        {% endfor %}
    ) as by_entity
    group by source
),

aged as (
    select
        sources.*,
        landed.last_load_at,
        events.last_event_at,
        latest.load_status as last_status,
        latest.load_error as last_error,
        cast(
            cast({{ microseconds_between('landed.last_load_at', as_of()) }} as decimal(28, 6)) / 3600000000 as decimal(18, 4)
        ) as age_hours
    from sources
    left join landed on sources.source = landed.source
    left join events on sources.source = events.source
    left join latest on sources.source = latest.source
)

select
    source,
    label_en,
    label_zh,
    owner,
    last_load_at,
    last_event_at,
    last_status,
    last_error,
    age_hours,
    expected_within_hours,
    case
        when last_status in ('failed', 'refused') then 'failed'
        when last_load_at is null then 'no_data'
        when age_hours > expected_within_hours then 'stale'
        else 'fresh'
    end as freshness_status
from aged
