select
    counts.source,
    counts.entity,
    counts.rule,
    counts.column_name,
    counts.reason,
    counts.reason_zh,
    cast(sum(counts.row_count) as bigint) as row_count,
    max(loads.extracted_at) as last_load_at
from {{ ref('stg_ledger__quarantine_counts') }} as counts
left join {{ ref('stg_ledger__loads') }} as loads
    on counts.source = loads.source and counts.load_id = loads.load_id
group by counts.source, counts.entity, counts.rule, counts.column_name, counts.reason, counts.reason_zh
