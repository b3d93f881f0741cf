{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='visit_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__visits',
    key=['visit_key'],
    columns=[
        'visit_key', 'source', 'customer_record_key', 'contact_record_key', 'rep_key', 'opportunity_key', 'purpose',
        'outcome', 'visit_notes', 'latitude', 'longitude', 'started_at', 'ended_at', 'recorded_at', '_load_id', '_file',
        '_row_number',
    ],
) }}
