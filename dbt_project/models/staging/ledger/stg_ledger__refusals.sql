select
    source,
    source_table,
    origin,
    reason,
    cast(first_refused_at as timestamp) as first_refused_at,
    cast(last_refused_at as timestamp) as last_refused_at,
    refusal_status
from {{ source('ledger', 'refusals') }}
