select
    source,
    customer_id,
    customer_key,
    rule as match_rule,
    probability as probability_rate,
    cast(since as timestamp) as since
from {{ source('identity', 'customer_xref') }}
