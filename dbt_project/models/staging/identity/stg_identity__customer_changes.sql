select
    source,
    customer_id,
    old_key as old_customer_key,
    new_key as new_customer_key,
    rule as match_rule,
    probability as probability_rate,
    cast(changed_at as timestamp) as changed_at
from {{ source('identity', 'customer_log') }}
