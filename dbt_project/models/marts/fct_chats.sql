{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='chat_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_chats_deduplicated', ['chat_key']) }}",
    ],
) }}
-- depends_on: {{ ref('int_touchpoints_changed') }}

with
chats as (
    select * from {{ present('int_chats_deduplicated') }}
    {% if is_incremental() %}
    where {{ touchpoint_is_changed('chat', 'chat_key') }}
    {% endif %}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

contacts as (
    select * from {{ ref('int_contacts_identified') }}
)

select
    chats.chat_key,
    chats.source,
    {{ customer_of('customers.customer_key', 'contacts.customer_key') }} as customer_key,
    coalesce(contacts.contact_key, 'unknown') as contact_key,
    chats.visitor_key,
    coalesce(chats.rep_key, 'unknown') as rep_key,
    coalesce(chats.platform, 'chat') as platform,
    chats.intent,
    chats.started_at,
    {{ business_date_of('chats.started_at') }} as started_date,
    chats.first_response_at,
    cast({{ microseconds_between('chats.started_at', 'chats.first_response_at') }} / 1000000 as bigint) as first_response_seconds,
    chats.ended_at,
    chats.message_count,
    chats.satisfaction_score,
    {{ learnt_at('chats._changed_load_id') }} as learnt_at
from chats
left join customers
    on chats.customer_record_key = customers.customer_record_key
left join contacts
    on chats.contact_record_key = contacts.contact_record_key
