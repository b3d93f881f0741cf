select
    source,
    entity,
    retention_class,
    purged_at,
    business_date,
    text_count
from {{ ref('stg_ledger__purges') }}
