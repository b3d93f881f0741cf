select
    playbook_id,
    dimension as dimension_name,
    member as dimension_value
from {{ source('settings', 'playbook_scopes') }}
