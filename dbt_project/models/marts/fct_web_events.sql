{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='event_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_web_events_deduplicated', ['event_key']) }}",
    ],
) }}
-- depends_on: {{ ref('int_touchpoints_changed') }}

with
web_events as (
    select * from {{ present('int_web_events_deduplicated') }}
    {% if is_incremental() %}
    where {{ touchpoint_is_changed('web_event', 'event_key') }}
    {% endif %}
),

contacts as (
    select * from {{ ref('int_contacts_identified') }}
)

select
    web_events.event_key,
    web_events.source,
    web_events.visitor_key,
    coalesce(contacts.customer_key, 'unknown') as customer_key,
    coalesce(contacts.contact_key, 'unknown') as contact_key,
    coalesce(web_events.event_type, 'unknown') as event_type,
    web_events.content_id,
    coalesce(web_events.content_type, 'unknown') as content_type,
    web_events.occurred_at,
    {{ business_date_of('web_events.occurred_at') }} as occurred_date,
    {{ learnt_at('web_events._changed_load_id') }} as learnt_at
from web_events
left join contacts
    on web_events.contact_record_key = contacts.contact_record_key
