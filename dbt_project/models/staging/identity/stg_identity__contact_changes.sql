select
    source,
    contact_id,
    old_key as old_contact_key,
    new_key as new_contact_key,
    rule as match_rule,
    cast(changed_at as timestamp) as changed_at
from {{ source('identity', 'contact_log') }}
