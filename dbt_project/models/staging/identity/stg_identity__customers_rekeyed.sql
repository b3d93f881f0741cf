select
    source,
    customer_id,
    batch as changed_batch
from {{ source('identity', 'customer_rekeyed') }}
