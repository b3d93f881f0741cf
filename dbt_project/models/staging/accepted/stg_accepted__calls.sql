select
    _source || ':' || call_id as call_key,
    _source as source,
    customer_id as customer_record_key,
    contact_id as contact_record_key,
    rep_id as rep_key,

    lower(nullif(trim(direction), '')) as direction,
    nullif(trim(outcome), '') as outcome,

    duration_seconds,

    started_at,
    recorded_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'calls') }}
