{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__orders',
    key=['order_key'],
    columns=[
        'order_key', 'source', 'order_id', 'order_number', 'customer_record_key', 'contact_record_key', 'opportunity_key',
        'rep_key', 'store_key', 'dealer_key', 'channel', 'region_key', 'order_status', 'currency', 'ordered_at', 'paid_at',
        'updated_at', 'recorded_at', '_load_id', '_file', '_row_number',
    ],
) }}
