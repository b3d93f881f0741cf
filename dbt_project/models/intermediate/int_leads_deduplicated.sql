{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='lead_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__leads',
    key=['lead_key'],
    columns=[
        'lead_key', 'source', 'lead_id', 'customer_record_key', 'owner_rep_key', 'source_event_key', 'channel',
        'campaign', 'lead_status', 'created_at', 'first_assigned_at', '_load_id', '_file', '_row_number',
    ],
) }}
