select
    rule_id,
    metric_id,
    period_grain,
    dimension_name,
    dimension_value,
    period_start_date,
    period_end_date,
    case
        when is_muted then 'muted'
        when not is_large then 'small'
        when is_breach then 'breach'
        else 'quiet'
    end as verdict,
    value,
    compared_value,
    lower_value,
    upper_value,
    rule_terms,
    goal_terms
from {{ ref('int_alert_periods_newest') }}
