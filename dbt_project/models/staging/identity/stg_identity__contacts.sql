select
    source,
    contact_id,
    contact_key,
    changed_batch
from {{ source('identity', 'contact_xref') }}
