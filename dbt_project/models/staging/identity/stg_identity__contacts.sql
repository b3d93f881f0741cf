select
    source,
    contact_id,
    contact_key,
    rule as match_rule,
    contact_hash,
    key_id as hash_key_id,
    cast(since as timestamp) as since
from {{ source('identity', 'contact_xref') }}
