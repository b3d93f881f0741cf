select
    _source || ':' || chat_id as chat_key,
    _source as source,
    customer_id as customer_record_key,
    contact_id as contact_record_key,
    _source || ':' || nullif(trim(visitor_id), '') as visitor_key,
    rep_id as rep_key,

    nullif(trim(platform), '') as platform,
    nullif(trim(intent), '') as intent,

    message_count,
    satisfaction_score,

    started_at,
    first_response_at,
    ended_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'chats') }}
