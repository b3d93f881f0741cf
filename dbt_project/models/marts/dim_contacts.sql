-- No phone, e-mail or WeChat identifier: what is published does not carry personal addresses.
with
records as (
    select
        contact_key,
        min(case when is_deleted then 1 else 0 end) = 1 as is_deleted
    from {{ ref('int_contacts_identified') }}
    where contact_key <> 'unknown'
    group by contact_key
),

-- Each attribute comes from the record that speaks for it (golden_record in identity.yml).
survived as (
    select
        {% for attribute in ['customer_key', 'contact_name', 'title', 'contact_role'] %}
        {{ value_of(attribute) }} as {{ attribute }},
        {% endfor %}
        contact_key
    from {{ ref('int_contact_values_survived') }}
    group by contact_key
)

select
    records.contact_key,
    coalesce(survived.customer_key, 'unknown') as customer_key,
    survived.contact_name,
    survived.title,
    coalesce(survived.contact_role, 'unknown') as contact_role,
    records.is_deleted
from records
left join survived on records.contact_key = survived.contact_key
union all
select
    'unknown' as contact_key,
    'unknown' as customer_key,
    'unknown' as contact_name,
    cast(null as {{ dbt.type_string() }}) as title,
    'unknown' as contact_role,
    false as is_deleted
