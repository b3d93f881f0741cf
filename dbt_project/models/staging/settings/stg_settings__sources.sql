select
    source,
    label_en,
    label_zh,
    owner,
    cast(expected_within_hours as decimal(18, 4)) as expected_within_hours,
    cast(deadline_minutes as integer) as deadline_minutes,
    coalesce(is_due_at_closing, false) as is_due_at_closing
from {{ source('settings', 'sources') }}
