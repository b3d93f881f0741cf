select
    currency,
    cast(rate as decimal(20, 12)) as exchange_rate
from {{ source('settings', 'exchange_rates') }}
