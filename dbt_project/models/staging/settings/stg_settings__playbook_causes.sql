select
    playbook_id,
    cause
from {{ source('settings', 'playbook_causes') }}
