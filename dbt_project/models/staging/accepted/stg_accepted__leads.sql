select
    _source || ':' || lead_id as lead_key,
    _source as source,
    lead_id,
    customer_id as customer_record_key,
    owner_rep_id as owner_rep_key,
    nullif(trim(source_event_id), '') as source_event_key,

    nullif(trim(channel), '') as channel,
    nullif(trim(campaign), '') as campaign,
    nullif(trim(status), '') as lead_status,

    created_at,
    first_assigned_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'leads') }}
