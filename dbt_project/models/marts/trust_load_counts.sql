-- The rows of every load, by the business date of the refresh that took it in: the day before the one on which it was
-- extracted, for a night belongs to the day that it closes. A refresh that is asked for its own day closes that one.
-- Several tables of a source may feed one entity.
with
counts as (
    select
        source,
        load_id,
        entity,
        cast(sum(accepted_count + folded_count + quarantined_count) as bigint) as judged_count,
        cast(sum(dirty_count) as bigint) as dirty_count,
        cast(sum(quarantined_count) as bigint) as quarantined_count,
        cast(sum(repaired_count) as bigint) as repaired_count,
        cast(sum(repeated_count) as bigint) as duplicate_count,
        cast(sum(doubtful_count) as bigint) as doubtful_count
    from {{ ref('stg_ledger__row_counts') }}
    group by source, load_id, entity
)

select
    counts.source,
    counts.load_id,
    counts.entity,
    loads.extracted_at,
    {{ business_date_of('loads.extracted_at') }}
    - case when {{ business_date_of(as_of()) }} > {{ business_date() }} then 1 else 0 end as load_date,
    counts.judged_count,
    counts.dirty_count,
    counts.quarantined_count,
    counts.repaired_count,
    counts.duplicate_count,
    counts.doubtful_count
from counts
inner join {{ ref('stg_ledger__loads') }} as loads
    on counts.source = loads.source and counts.load_id = loads.load_id
