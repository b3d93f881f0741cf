select
    source,
    entity,
    load_id,
    cast(reported as bigint) as reported_count,
    cast(landed as bigint) as landed_count,
    cast(excluded as bigint) as excluded_count,
    cast(folded as bigint) as folded_count,
    cast(accepted as bigint) as accepted_count,
    cast(repeated as bigint) as repeated_count,
    cast(quarantined as bigint) as quarantined_count,
    cast(coalesce(waiting, 0) as bigint) as waiting_count,
    cast(coalesce(repaired, 0) as bigint) as repaired_count,
    cast(coalesce(dirty, 0) as bigint) as dirty_count,
    cast(coalesce(doubtful, 0) as bigint) as doubtful_count
from {{ source('ledger', 'row_counts') }}
