select
    status_word,
    is_lost
from {{ source('settings', 'lead_statuses') }}
