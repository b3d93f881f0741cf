select
    currency,
    cast(rate as decimal(18, 8)) as exchange_rate
from {{ source('settings', 'exchange_rates') }}
