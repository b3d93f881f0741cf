select
    _source || ':' || visit_id as visit_key,
    _source as source,
    customer_id as customer_record_key,
    contact_id as contact_record_key,
    rep_id as rep_key,
    opportunity_id as opportunity_key,

    nullif(trim(purpose), '') as purpose,
    nullif(trim(outcome), '') as outcome,
    nullif(trim(notes), '') as visit_notes,

    latitude,
    longitude,

    started_at,
    ended_at,
    recorded_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'visits') }}
