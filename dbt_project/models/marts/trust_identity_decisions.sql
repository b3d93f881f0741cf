select
    entity,
    decision_id,
    decision_type,
    record_key,
    is_split_off,
    decided_by,
    decision_reason,
    decided_at,
    undone_by,
    undo_reason,
    undone_at
from {{ ref('stg_identity__decisions') }}
