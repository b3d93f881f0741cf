{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='call_key',
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__calls',
    key=['call_key'],
    columns=[
        'call_key', 'source', 'customer_record_key', 'contact_record_key', 'rep_key', 'direction', 'outcome',
        'duration_seconds', 'started_at', 'recorded_at', '_load_id', '_file', '_row_number',
    ],
) }}
