select
    source,
    entity,
    load_id,
    rule,
    column_name,
    reason,
    cast(row_count as bigint) as row_count
from {{ source('ledger', 'quarantine_counts') }}
