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
from {{ ref('int_goals_linted') }}
