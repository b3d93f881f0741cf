select
    source,
    source_table,
    drift_type,
    column_name,
    coalesce(found, '') as found,
    min(seen_at) as first_seen_at,
    max(seen_at) as last_seen_at,
    cast(count(*) as bigint) as file_count,
    cast(sum(case when is_refused then 1 else 0 end) as bigint) as refused_count
from {{ ref('stg_ledger__drift') }}
group by source, source_table, drift_type, column_name, coalesce(found, '')
