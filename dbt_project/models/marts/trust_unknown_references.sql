{%- set keys = entity_keys() -%}
{#- A customer or contact without an identity counts as unknown. -#}
{%- set known = {
    'customers': ('int_customers_identified', "where customer_key <> 'unknown'"),
    'contacts': ('int_contacts_identified', "where contact_key <> 'unknown'"),
    'orders': ('int_orders_keyed', ''),
} -%}
{#- Members that their source deleted keep their attributes for the rows that name them. -#}
{%- set kept = ['products', 'sales_reps', 'dealers', 'stores'] -%}
{%- set references = entity_references() -%}
-- Rows that name a record which no source has sent, or whose source took it back. They are kept, under the key `unknown`
-- or without the join. And leads with a status that funnel.yml does not know, which count as not lost.
{% for entity, column, reference, records in references %}
select
    referring.source,
    '{{ entity }}' as entity,
    '{{ reference }}' as reference,
    count(*) as row_count
from {{ present('int_' ~ entity ~ '_deduplicated') }} as referring
left join (
    select {{ keys[records][0] }} as record_key
    from {{ ref(known[records][0] if records in known else 'int_' ~ records ~ '_deduplicated') }}
    {{ known[records][1] if records in known else '' if records in kept else 'where not is_deleted' }}
) as records on referring.{{ column }} = records.record_key
where referring.{{ column }} is not null and records.record_key is null
group by referring.source
union all
{% endfor %}
select
    leads.source,
    'leads' as entity,
    'status' as reference,
    count(*) as row_count
from {{ present('int_leads_deduplicated') }} as leads
left join {{ ref('stg_settings__lead_statuses') }} as statuses
    on {{ status_word('leads.lead_status') }} = statuses.status_word
where leads.lead_status is not null and statuses.status_word is null
group by leads.source
