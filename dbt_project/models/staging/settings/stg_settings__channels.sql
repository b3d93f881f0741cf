select
    channel,
    name_en as channel_name_en,
    name_zh as channel_name_zh
from {{ source('settings', 'channels') }}
