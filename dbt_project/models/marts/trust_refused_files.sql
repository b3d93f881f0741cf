-- A file that comes again under its name with other content, and is refused again, is one row: its last state counts.
select
    source,
    source_table,
    origin,
    max_by(reason, last_refused_at) as reason,
    min(first_refused_at) as first_refused_at,
    max(last_refused_at) as last_refused_at,
    cast(count(*) as bigint) as version_count,
    max_by(refusal_status, last_refused_at) as refusal_status
from {{ ref('stg_ledger__refusals') }}
group by source, source_table, origin
