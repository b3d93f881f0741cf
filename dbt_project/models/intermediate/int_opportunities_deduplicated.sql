{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='opportunity_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__opportunities',
    key=['opportunity_key'],
    columns=[
        'opportunity_key', 'source', 'opportunity_id', 'customer_record_key', 'contact_record_key', 'lead_key',
        'owner_rep_key', 'product_line', 'opportunity_status', 'lost_reason', 'currency', 'amount',
        'probability_rate', 'created_at', 'expected_close_date', 'closed_at', '_load_id', '_file',
        '_row_number',
    ],
    keep_cells=true,
) }}
