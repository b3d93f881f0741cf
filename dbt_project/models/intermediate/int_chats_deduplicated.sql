{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='chat_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__chats',
    key=['chat_key'],
    columns=[
        'chat_key', 'source', 'customer_record_key', 'contact_record_key', 'visitor_key', 'rep_key', 'platform',
        'intent', 'message_count', 'satisfaction_score', 'started_at', 'first_response_at', 'ended_at', '_load_id', '_file',
        '_row_number',
    ],
) }}
