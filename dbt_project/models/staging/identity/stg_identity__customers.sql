select
    source,
    customer_id,
    customer_key,
    changed_batch
from {{ source('identity', 'customer_xref') }}
