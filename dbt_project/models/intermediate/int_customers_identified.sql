with
records as (
    select * from {{ ref('int_customers_deduplicated') }}
),

identities as (
    select * from {{ ref('stg_identity__customers') }}
),

rekeyed as (
    select * from {{ ref('stg_identity__customers_rekeyed') }}
)

select
    records.customer_record_key,
    records.source,
    records.customer_id,
    coalesce(identities.customer_key, 'unknown') as customer_key,
    rekeyed.changed_batch,

    records.owner_rep_key,
    records.customer_name,
    records.uscc,
    records.industry,
    records.region_key,
    records.province_key,
    records.city,
    records.size_band,
    records.is_addressable,
    records.created_at,
    records.is_deleted,
    records._changed_load_id,
    coalesce(records.updated_at, records.created_at) is not null as has_date,

    -- The newest record speaks first when several are one customer; no load decides, so that order of arrival cannot.
    row_number() over (
        partition by identities.customer_key
        order by
            records.is_deleted asc,
            coalesce(records.updated_at, records.created_at) desc nulls last,
            records.source asc,
            records.customer_id asc
    ) as record_rank
from records
left join identities
    on records.source = identities.source and records.customer_id = identities.customer_id
left join rekeyed
    on records.source = rekeyed.source and records.customer_id = rekeyed.customer_id
