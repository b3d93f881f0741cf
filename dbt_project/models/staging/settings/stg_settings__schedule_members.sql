select
    schedule_id,
    member_type,
    member
from {{ source('settings', 'schedule_members') }}
