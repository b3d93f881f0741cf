{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='visit_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_visits_deduplicated', ['visit_key']) }}",
    ],
) }}
-- depends_on: {{ ref('int_touchpoints_changed') }}

with
visits as (
    select * from {{ present('int_visits_deduplicated') }}
    {% if is_incremental() %}
    where {{ touchpoint_is_changed('visit', 'visit_key') }}
    {% endif %}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

contacts as (
    select * from {{ ref('int_contacts_identified') }}
)

select
    visits.visit_key,
    visits.source,
    {{ customer_of('customers.customer_key', 'contacts.customer_key') }} as customer_key,
    coalesce(contacts.contact_key, 'unknown') as contact_key,
    coalesce(visits.rep_key, 'unknown') as rep_key,
    visits.opportunity_key,
    visits.purpose,
    visits.outcome,
    visits.started_at,
    {{ business_date_of('visits.started_at') }} as started_date,
    visits.ended_at,
    visits.recorded_at,
    visits.latitude,
    visits.longitude,
    {{ learnt_at('visits._changed_load_id') }} as learnt_at
from visits
left join customers
    on visits.customer_record_key = customers.customer_record_key
left join contacts
    on visits.contact_record_key = contacts.contact_record_key
