select
    market_event_key,
    source,
    coalesce(event_type, 'unknown') as event_type,
    coalesce(actor, 'unknown') as actor,
    coalesce(region_key, 'all') as region_key,
    coalesce(category, 'all') as category,
    coalesce(product_line, 'all') as product_line,
    starts_date,
    ends_date,
    description,
    source_url
from {{ present('int_market_events_deduplicated') }}
