select
    _source || ':' || event_id as market_event_key,
    _source as source,

    nullif(trim(event_type), '') as event_type,
    nullif(trim(actor), '') as actor,
    nullif(trim(region), '') as region_key,
    nullif(trim(category), '') as category,
    nullif(trim(product_line), '') as product_line,
    nullif(trim(description), '') as description,
    nullif(trim(source_url), '') as source_url,

    starts_on as starts_date,
    ends_on as ends_date,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'market_events') }}
