select
    parent_target_id,
    scope_dimension,
    metric_id,
    combination,
    child_count,
    parent_target_value,
    children_target_value,
    target_difference_value,
    parent_actual_value,
    children_actual_value,
    actual_difference_value
from {{ ref('int_targets_cascaded') }}
