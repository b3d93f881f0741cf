select
    source,
    load_id,
    origin,
    cast(arrived_at as timestamp) as arrived_at,
    cast(last_event_at as timestamp) as last_event_at
from {{ source('ledger', 'arrivals') }}
