select
    source,
    entity,
    load_id,
    column_name,
    repair as repair_type,
    cast(row_count as bigint) as row_count
from {{ source('ledger', 'repairs') }}
