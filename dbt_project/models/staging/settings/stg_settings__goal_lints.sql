select
    subject_type,
    subject_id,
    lint_type,
    message_en,
    message_zh
from {{ source('settings', 'goal_lints') }}
