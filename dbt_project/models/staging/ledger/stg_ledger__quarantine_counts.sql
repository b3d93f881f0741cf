select
    source,
    entity,
    load_id,
    rule,
    column_name,
    reason_en as reason,
    reason_zh,
    cast(row_count as bigint) as row_count
from {{ source('ledger', 'quarantine_counts') }}
