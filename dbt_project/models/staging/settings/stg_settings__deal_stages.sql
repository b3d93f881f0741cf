select
    stage_word,
    stage_place,
    is_closing
from {{ source('settings', 'deal_stages') }}
