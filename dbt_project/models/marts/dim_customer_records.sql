select
    records.customer_record_key,
    records.source,
    records.customer_id,
    records.customer_key,
    records.customer_name,
    coalesce(identities.match_rule, 'own_record') as match_rule,
    cast(identities.probability_rate as decimal(18, 6)) as probability_rate,
    identities.since,
    records.is_deleted
from {{ ref('int_customers_identified') }} as records
left join {{ ref('stg_identity__customers') }} as identities
    on records.source = identities.source and records.customer_id = identities.customer_id
