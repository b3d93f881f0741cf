{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['chat_key', 'message_number'],
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_chat_messages_deduplicated', ['chat_key', 'message_number']) }}",
    ],
) }}

-- What was written stays in the warehouse: it may name people.
select
    chat_key,
    message_number,
    source,
    coalesce(sender_type, 'unknown') as sender_type,
    sent_at,
    {{ business_date_of('sent_at') }} as sent_date,
    coalesce(length(message_text), 0) as character_count,
    {{ learnt_at() }} as learnt_at
from {{ present('int_chat_messages_deduplicated') }}
{% if is_incremental() %}
where {{ is_pending() }}
{% endif %}
