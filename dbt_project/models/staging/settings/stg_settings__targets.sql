select
    target_id,
    name_en as target_name_en,
    name_zh as target_name_zh,
    metric_id,
    coalesce(nullif(trim(scope_dimension), ''), 'total') as scope_dimension,
    coalesce(nullif(trim(scope_value), ''), 'total') as scope_value,
    cast(baseline_value as decimal(28, 8)) as baseline_value,
    cast(target_value as decimal(28, 8)) as target_value,
    cast(upper_value as decimal(28, 8)) as upper_value,
    mode as target_mode,
    cast(starts_on as date) as starts_on,
    cast(due_on as date) as due_on,
    owner,
    relevance,
    parent_target_id,
    cast(weight as decimal(28, 8)) as weight
from {{ source('settings', 'targets') }}
