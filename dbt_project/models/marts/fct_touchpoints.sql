{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='touchpoint_key', on_schema_change='fail') }}
-- depends_on: {{ ref('int_orders_changed') }}

with
customers as (
    select * from {{ ref('int_customers_identified') }}
),

contacts as (
    select * from {{ ref('int_contacts_identified') }}
),

orders as (
    select
        'order:' || order_key as touchpoint_key,
        'order' as touchpoint_type,
        source,
        customer_key,
        contact_key,
        rep_key,
        opportunity_key,
        ordered_at as occurred_at,
        cast(null as timestamp) as ended_at,
        'inbound' as direction,
        channel,
        recorded_at,
        order_status as outcome
    from {{ ref('int_orders_keyed') }}
    {% if is_incremental() %}
    where order_key in (select changed.order_key from {{ ref('int_orders_changed') }} as changed)
    {% endif %}
),

visits as (
    select
        'visit:' || visits.visit_key as touchpoint_key,
        'visit' as touchpoint_type,
        visits.source,
        coalesce(customers.customer_key, 'unknown') as customer_key,
        coalesce(contacts.contact_key, 'unknown') as contact_key,
        coalesce(visits.rep_key, 'unknown') as rep_key,
        visits.opportunity_key,
        visits.started_at as occurred_at,
        visits.ended_at,
        'outbound' as direction,
        'visit' as channel,
        visits.recorded_at,
        visits.outcome
    from {{ ref('int_visits_deduplicated') }} as visits
    left join customers
        on visits.customer_record_key = customers.customer_record_key
    left join contacts
        on visits.contact_record_key = contacts.contact_record_key
    {% if is_incremental() %}
    where {{ touchpoint_is_changed('visits') }}
    {% endif %}
),

-- A platform keeps its own log of a conversation, so nobody enters it and there is no time of entry.
chats as (
    select
        'chat:' || chats.chat_key as touchpoint_key,
        'chat' as touchpoint_type,
        chats.source,
        coalesce(customers.customer_key, 'unknown') as customer_key,
        coalesce(contacts.contact_key, 'unknown') as contact_key,
        coalesce(chats.rep_key, 'unknown') as rep_key,
        cast(null as {{ dbt.type_string() }}) as opportunity_key,
        chats.started_at as occurred_at,
        chats.ended_at,
        'inbound' as direction,
        coalesce(chats.platform, 'chat') as channel,
        cast(null as timestamp) as recorded_at,
        chats.intent as outcome
    from {{ ref('int_chats_deduplicated') }} as chats
    left join customers
        on chats.customer_record_key = customers.customer_record_key
    left join contacts
        on chats.contact_record_key = contacts.contact_record_key
    {% if is_incremental() %}
    where {{ touchpoint_is_changed('chats') }}
    {% endif %}
),

united as (
    select * from orders
    union all
    select * from visits
    union all
    select * from chats
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
    outcome
from timed
