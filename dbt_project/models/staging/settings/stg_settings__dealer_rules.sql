select
    cast(stale_after_days as integer) as stale_after_days,
    cast(supply_window_days as integer) as supply_window_days
from {{ source('settings', 'dealer_rules') }}
