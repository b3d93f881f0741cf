{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='call_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_calls_deduplicated', ['call_key']) }}",
    ],
) }}
-- depends_on: {{ ref('int_touchpoints_changed') }}

with
calls as (
    select * from {{ present('int_calls_deduplicated') }}
    {% if is_incremental() %}
    where {{ touchpoint_is_changed('call', 'call_key') }}
    {% endif %}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

contacts as (
    select * from {{ ref('int_contacts_identified') }}
)

select
    calls.call_key,
    calls.source,
    {{ customer_of('customers.customer_key', 'contacts.customer_key') }} as customer_key,
    coalesce(contacts.contact_key, 'unknown') as contact_key,
    coalesce(calls.rep_key, 'unknown') as rep_key,
    coalesce(calls.direction, 'unknown') as direction,
    calls.outcome,
    calls.started_at,
    {{ business_date_of('calls.started_at') }} as started_date,
    coalesce(calls.duration_seconds, 0) as duration_seconds,
    coalesce(calls.duration_seconds, 0) > 0 as is_answered,
    calls.recorded_at,
    {{ learnt_at('calls._changed_load_id') }} as learnt_at
from calls
left join customers
    on calls.customer_record_key = customers.customer_record_key
left join contacts
    on calls.contact_record_key = contacts.contact_record_key
