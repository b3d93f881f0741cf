-- No phone, e-mail or WeChat identifier: what is published does not carry personal addresses.
with
records as (
    select * from {{ ref('int_contacts_identified') }}
    where contact_key <> 'unknown'
)

select
    contact_key,
    coalesce(min_by(customer_key, record_rank) filter (where customer_key <> 'unknown'), 'unknown') as customer_key,
    min_by(contact_name, record_rank) filter (where contact_name is not null) as contact_name,
    min_by(title, record_rank) filter (where title is not null) as title,
    coalesce(
        min_by(contact_role, record_rank) filter (where contact_role is not null), 'unknown'
    ) as contact_role,
    min(case when is_deleted then 1 else 0 end) = 1 as is_deleted
from records
group by contact_key
union all
select
    'unknown' as contact_key,
    'unknown' as customer_key,
    'unknown' as contact_name,
    cast(null as {{ dbt.type_string() }}) as title,
    'unknown' as contact_role,
    false as is_deleted
