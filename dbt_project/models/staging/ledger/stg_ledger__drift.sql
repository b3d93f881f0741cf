select
    source,
    source_table,
    origin,
    kind as drift_type,
    column_name,
    found,
    load_id,
    cast(seen_at as timestamp) as seen_at,
    is_refused
from {{ source('ledger', 'drift') }}
