select
    unit_type,
    unit_name
from {{ source('settings', 'not_selling') }}
