-- What each record says about its person, and of each attribute the record that counts.
{%- set attributes = ['customer_key', 'contact_name', 'title', 'contact_role'] %}
{%- set columns = ['contact_key', 'contact_record_key', 'source', 'record_rank', 'is_deleted', 'has_date'] %}
with
records as (
    select
        contact_key,
        contact_record_key,
        source,
        record_rank,
        is_deleted,
        has_date,
        nullif(customer_key, 'unknown') as customer_key,
        contact_name,
        title,
        contact_role
    from {{ ref('int_contacts_identified') }}
    where contact_key <> 'unknown'
),

said as (
    {{ said_of('records', attributes, columns) | indent(4) }}
),

survived as (
    {{ survived('said', ['contact_key']) | indent(4) }}
)

select
    contact_key,
    attribute,
    attribute_value,
    source,
    contact_record_key,
    survivorship_rule,
    agreeing_record_count,
    record_count
from survived
