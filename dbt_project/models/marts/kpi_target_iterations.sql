select
    iteration_id,
    target_id,
    iteration_name_en,
    iteration_name_zh,
    metric_id,
    starts_on,
    ends_on,
    workday_count,
    milestone_value,
    actual_numerator,
    actual_denominator,
    actual_value,
    iteration_status
from {{ ref('int_targets_iterated') }}
