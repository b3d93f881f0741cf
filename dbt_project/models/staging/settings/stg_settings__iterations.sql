select
    iteration_id,
    target_id,
    name_en as iteration_name_en,
    name_zh as iteration_name_zh,
    cast(starts_on as date) as starts_on,
    cast(ends_on as date) as ends_on
from {{ source('settings', 'iterations') }}
