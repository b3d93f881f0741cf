with
records as (
    select * from {{ ref('int_contacts_deduplicated') }}
),

identities as (
    select * from {{ ref('stg_identity__contacts') }}
),

rekeyed as (
    select * from {{ ref('stg_identity__contacts_rekeyed') }}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
)

select
    records.contact_record_key,
    records.source,
    records.contact_id,
    coalesce(identities.contact_key, 'unknown') as contact_key,
    rekeyed.changed_batch,
    records.customer_record_key,
    coalesce(customers.customer_key, 'unknown') as customer_key,

    records.contact_name,
    records.title,
    records.contact_role,
    records.is_deleted,
    records._changed_load_id,
    coalesce(records._version_at, records.created_at) is not null as has_date,

    -- The record that changed last speaks first: somebody who moves to another employer keeps the record, not its version.
    row_number() over (
        partition by identities.contact_key
        order by
            records.is_deleted asc,
            coalesce(records._version_at, records.created_at) desc nulls last,
            records.created_at desc nulls last,
            records.source asc,
            records.contact_id asc
    ) as record_rank
from records
left join identities
    on records.source = identities.source and records.contact_id = identities.contact_id
left join rekeyed
    on records.source = rekeyed.source and records.contact_id = rekeyed.contact_id
left join customers
    on records.customer_record_key = customers.customer_record_key
