select
    rule_id,
    starts_on,
    ends_on,
    reason
from {{ source('settings', 'alert_mutes') }}
