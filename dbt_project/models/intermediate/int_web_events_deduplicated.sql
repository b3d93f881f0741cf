{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='event_key',
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__web_events',
    key=['event_key'],
    columns=[
        'event_key', 'source', 'visitor_key', 'contact_record_key', 'event_type', 'content_id', 'content_type',
        'occurred_at', '_load_id', '_file', '_row_number',
    ],
) }}
