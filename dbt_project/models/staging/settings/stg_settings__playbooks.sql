select
    playbook_id,
    name_en as playbook_name_en,
    name_zh as playbook_name_zh,
    department,
    owner,
    steps_en,
    steps_zh,
    cast(due_days as integer) as due_days,
    cast(priority as bigint) as priority
from {{ source('settings', 'playbooks') }}
