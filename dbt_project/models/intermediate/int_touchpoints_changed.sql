-- What a night has to compute again besides orders (int_orders_changed), as <type>:<key>. Everything here follows from the
-- pending loads and identity batches alone, so a refresh that was killed and starts again finds the same rows.
{%- set touches = [
    ('visit', 'int_visits_deduplicated', 'visit_key', 'customer_record_key'),
    ('chat', 'int_chats_deduplicated', 'chat_key', 'customer_record_key'),
    ('call', 'int_calls_deduplicated', 'call_key', 'customer_record_key'),
    ('web_event', 'int_web_events_deduplicated', 'event_key', none),
] %}
with
customers as (
    select customer_record_key
    from {{ ref('int_customers_identified') }}
    where {{ is_rekeyed() }} or {{ is_pending() }}
),

-- Also a contact whose employer changed: a row that names no customer belongs to the employer of its contact.
contacts as (
    select contacts.contact_record_key
    from {{ ref('int_contacts_identified') }} as contacts
    left join customers on contacts.customer_record_key = customers.customer_record_key
    where
        {{ is_rekeyed('contacts.changed_batch') }}
        or {{ is_pending('contacts._changed_load_id') }}
        or customers.customer_record_key is not null
),

orders as (
    select order_key from {{ ref('int_orders_changed') }}
),

-- Whose dealer an answer has that names none.
stores as (
    select store_key
    from {{ ref('int_stores_deduplicated') }}
    where {{ is_pending() }}
),

opportunities as (
    select opportunities.opportunity_key
    from {{ ref('int_opportunities_deduplicated') }} as opportunities
    left join customers on opportunities.customer_record_key = customers.customer_record_key
    left join contacts on opportunities.contact_record_key = contacts.contact_record_key
    where
        {{ is_pending('opportunities._changed_load_id') }}
        or customers.customer_record_key is not null
        or contacts.contact_record_key is not null
)

{% for type, model, key, customer in touches %}
select '{{ type }}:' || touches.{{ key }} as touchpoint_key
from {{ ref(model) }} as touches
{% if customer %}
left join customers on touches.{{ customer }} = customers.customer_record_key
{% endif %}
left join contacts on touches.contact_record_key = contacts.contact_record_key
where
    {{ is_pending('touches._changed_load_id') }}
    {% if customer %}
    or customers.customer_record_key is not null
    {% endif %}
    or contacts.contact_record_key is not null
union distinct
{% endfor %}
select 'lead:' || leads.lead_key as touchpoint_key
from {{ ref('int_leads_deduplicated') }} as leads
left join customers on leads.customer_record_key = customers.customer_record_key
where {{ is_pending('leads._changed_load_id') }} or customers.customer_record_key is not null
union distinct
-- A quote whole: a new version takes from the one before that it is the latest.
select 'quote:' || quotes.quote_key as touchpoint_key
from {{ ref('int_quotes_deduplicated') }} as quotes
left join opportunities on quotes.opportunity_key = opportunities.opportunity_key
where {{ is_pending('quotes._changed_load_id') }} or opportunities.opportunity_key is not null
union distinct
select 'survey:' || scores.survey_key as touchpoint_key
from {{ ref('int_satisfaction_scores_deduplicated') }} as scores
left join customers on scores.customer_record_key = customers.customer_record_key
left join orders on scores.order_key = orders.order_key
left join stores on scores.store_key = stores.store_key
where
    {{ is_pending('scores._changed_load_id') }}
    or customers.customer_record_key is not null
    or orders.order_key is not null
    or (scores.dealer_key is null and stores.store_key is not null)
union distinct
-- A return of an unknown order is computed every night: its order, customer or rep may arrive later.
select 'return:' || returns.return_key as touchpoint_key
from {{ ref('int_returns_deduplicated') }} as returns
left join {{ ref('int_orders_keyed') }} as known on returns.order_key = known.order_key
left join orders on returns.order_key = orders.order_key
where
    {{ is_pending('returns._changed_load_id') }}
    or orders.order_key is not null
    or known.order_key is null
