select
    source,
    label_en,
    label_zh,
    owner,
    cast(expected_within_hours as decimal(18, 4)) as expected_within_hours,
    cast(deadline_minutes as integer) as deadline_minutes,
    coalesce(is_due_at_closing, false) as is_due_at_closing,
    coalesce(is_in_files, false) as is_in_files,
    coalesce(is_read_often, false) as is_read_often
from {{ source('settings', 'sources') }}
