select
    entity,
    decision_id,
    kind as decision_type,
    record as record_key,
    is_split_off,
    decided_by,
    why as decision_reason,
    cast(decided_at as timestamp) as decided_at,
    undone_by,
    undone_why as undo_reason,
    cast(undone_at as timestamp) as undone_at
from {{ source('identity', 'decisions') }}
