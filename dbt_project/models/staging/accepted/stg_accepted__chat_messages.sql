select
    _source || ':' || chat_id as chat_key,
    message_number,
    _source as source,

    nullif(trim(sender_type), '') as sender_type,
    text as message_text,

    sent_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'chat_messages') }}
