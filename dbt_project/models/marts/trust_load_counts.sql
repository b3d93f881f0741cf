-- The rows of every load, by the day on which it was extracted.
select
    counts.source,
    counts.load_id,
    counts.entity,
    loads.extracted_at,
    {{ business_date_of('loads.extracted_at') }} as load_date,
    cast(counts.accepted_count + counts.folded_count + counts.quarantined_count as bigint) as judged_count,
    counts.dirty_count,
    counts.quarantined_count,
    counts.repaired_count,
    counts.repeated_count as duplicate_count,
    counts.doubtful_count
from {{ ref('stg_ledger__row_counts') }} as counts
inner join {{ ref('stg_ledger__loads') }} as loads
    on counts.source = loads.source and counts.load_id = loads.load_id
