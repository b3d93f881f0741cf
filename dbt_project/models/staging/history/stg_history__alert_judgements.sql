select
    rule_id,
    dimension_value,
    period_start_date,
    verdict,
    cast(value as decimal(28, 8)) as value,
    cast(compared_value as decimal(28, 8)) as compared_value,
    rule_terms,
    goal_terms,
    rules,
    business_date,
    version
from {{ source('history', 'alert_judgements') }}
