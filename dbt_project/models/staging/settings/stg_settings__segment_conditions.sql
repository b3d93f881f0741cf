select
    segment_id,
    cast(clause as bigint) as clause_number,
    cast(condition as bigint) as condition_number,
    kind as condition_kind,
    name as condition_name,
    operator,
    cast(threshold as decimal(28, 4)) as threshold,
    value as allowed_value,
    is_negated
from {{ source('settings', 'segment_conditions') }}
