select
    source,
    load_id,
    cast(read_at as timestamp) as read_at
from {{ source('ledger', 'readings') }}
