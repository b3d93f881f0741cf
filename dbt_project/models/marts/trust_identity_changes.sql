select
    'customer' as entity,
    source,
    source || ':' || customer_id as record_key,
    old_customer_key as old_key,
    new_customer_key as new_key,
    match_rule,
    cast(probability_rate as decimal(18, 6)) as probability_rate,
    changed_at
from {{ ref('stg_identity__customer_changes') }}
union all
select
    'contact' as entity,
    source,
    source || ':' || contact_id as record_key,
    old_contact_key as old_key,
    new_contact_key as new_key,
    match_rule,
    cast(null as decimal(18, 6)) as probability_rate,
    changed_at
from {{ ref('stg_identity__contact_changes') }}
