{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['chat_key', 'message_number'],
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__chat_messages',
    key=['chat_key', 'message_number'],
    columns=[
        'chat_key', 'message_number', 'source', 'sender_type', 'message_text', 'sent_at', '_load_id', '_file',
        '_row_number',
    ],
) }}
