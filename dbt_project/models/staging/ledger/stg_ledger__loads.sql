select
    source,
    load_id,
    status as load_status,
    extracted_at,
    cast(rows_landed as bigint) as landed_count,
    error as load_error
from {{ source('ledger', 'loads') }}
