select
    cast(priority as bigint) as priority,
    tier,
    rule_id,
    fact,
    operator,
    cast(threshold as decimal(28, 4)) as threshold,
    reason_en,
    reason_zh
from {{ source('settings', 'lifecycle_rules') }}
