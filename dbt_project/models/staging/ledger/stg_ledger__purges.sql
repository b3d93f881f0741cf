select
    source,
    entity,
    retention_class,
    business_date,
    purged_at,
    cast(text_count as bigint) as text_count
from {{ source('ledger', 'purges') }}
