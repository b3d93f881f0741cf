select
    source,
    contact_id,
    batch as changed_batch
from {{ source('identity', 'contact_rekeyed') }}
