select
    rule_id,
    dimension_value
from {{ source('settings', 'alert_members') }}
