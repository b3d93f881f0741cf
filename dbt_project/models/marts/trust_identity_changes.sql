select
    source,
    customer_id,
    source || ':' || customer_id as customer_record_key,
    old_customer_key,
    new_customer_key,
    match_rule,
    cast(probability_rate as decimal(18, 6)) as probability_rate,
    changed_at
from {{ ref('stg_identity__customer_changes') }}
