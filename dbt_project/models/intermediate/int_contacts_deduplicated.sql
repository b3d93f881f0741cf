{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='contact_record_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__contacts',
    key=['contact_record_key'],
    columns=[
        'contact_record_key', 'source', 'contact_id', 'customer_record_key', 'contact_name', 'title', 'contact_role',
        'created_at', '_load_id', '_file', '_row_number',
    ],
    keep_cells=true,
) }}
