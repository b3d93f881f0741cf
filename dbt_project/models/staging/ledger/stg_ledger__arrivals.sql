select
    source,
    load_id,
    origin,
    cast(arrived_at as timestamp) as arrived_at,
    cast(event_date as date) as event_date,
    cast(first_event_at as timestamp) as first_event_at,
    cast(last_event_at as timestamp) as last_event_at
from {{ source('ledger', 'arrivals') }}
