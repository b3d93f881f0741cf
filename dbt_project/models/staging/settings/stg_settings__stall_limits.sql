select
    stage,
    limit_type,
    cast(limit_days as integer) as limit_days
from {{ source('settings', 'stall_limits') }}
