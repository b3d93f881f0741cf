-- Everything that is wrong or unwise in goals: faults (a goal that is not SMART, or is not looked at) and warnings.
select
    'goal' as subject_type,
    faults.target_id as subject_id,
    faults.lint_type,
    faults.smart_letter,
    'fault' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'The goal ' || faults.fault_en as message_en,
    '目标' || faults.fault_zh as message_zh
from {{ ref('int_targets_faulted') }} as faults
union all
select
    subject_type,
    subject_id,
    lint_type,
    smart_letter,
    severity,
    found_value,
    expected_value,
    message_en,
    message_zh
from {{ ref('int_targets_doubted') }}
union all
select
    subject_type,
    subject_id,
    lint_type,
    smart_letter,
    severity,
    found_value,
    expected_value,
    message_en,
    message_zh
from {{ ref('int_targets_misplaced') }}
union all
select
    subject_type,
    subject_id,
    lint_type,
    cast(null as string) as smart_letter,
    'warning' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    message_en,
    message_zh
from {{ ref('stg_settings__goal_lints') }}
