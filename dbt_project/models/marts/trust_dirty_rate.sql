-- A row that came is dirty when it was refused, mended or said again; what is left in doubt is what a rule warns of.
-- Rows that a mapping folds into equal ones count, and are clean: a customer who stands in every order is no mistake.
with
counted as (
    select
        source,
        entity,
        cast(sum(accepted_count + folded_count + quarantined_count) as bigint) as judged_count,
        cast(sum(accepted_count + folded_count) as bigint) as accepted_count,
        cast(sum(dirty_count) as bigint) as dirty_count,
        cast(sum(quarantined_count) as bigint) as quarantined_count,
        cast(sum(repaired_count) as bigint) as repaired_count,
        cast(sum(repeated_count) as bigint) as duplicate_count,
        cast(sum(doubtful_count) as bigint) as doubtful_count
    from {{ ref('stg_ledger__row_counts') }}
    group by source, entity
)

select
    source,
    entity,
    judged_count,
    accepted_count,
    dirty_count,
    quarantined_count,
    repaired_count,
    duplicate_count,
    doubtful_count,
    case when judged_count > 0 then cast(1.0 * dirty_count / judged_count as decimal(9, 6)) end as dirty_rate,
    case when accepted_count > 0 then cast(1.0 * doubtful_count / accepted_count as decimal(9, 6)) end as residual_rate
from counted
