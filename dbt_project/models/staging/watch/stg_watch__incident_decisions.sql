select
    decision_id,
    incident_key,
    decision as decision_type,
    decided_by,
    note,
    snoozed_until as snoozed_until_date,
    owner,
    playbook_id,
    due_date,
    playbook_name_en,
    playbook_name_zh,
    department,
    due_days,
    cast(decided_at as timestamp) as decided_at,
    version
from {{ source('watch', 'incident_decisions') }}
