select
    _source || ':' || event_id as event_key,
    _source as source,
    _source || ':' || nullif(trim(visitor_id), '') as visitor_key,
    contact_id as contact_record_key,

    nullif(trim(event_type), '') as event_type,
    nullif(trim(content_id), '') as content_id,
    nullif(trim(content_type), '') as content_type,

    occurred_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'web_events') }}
