select
    rule_id,
    kind,
    metric_id,
    dimension,
    cast(threshold_rate as decimal(18, 8)) as threshold_rate,
    cast(minimum_amount as decimal(18, 4)) as minimum_amount,
    severity,
    owner,
    playbook_id,
    name_en as rule_name_en,
    name_zh as rule_name_zh
from {{ source('settings', 'alert_rules') }}
