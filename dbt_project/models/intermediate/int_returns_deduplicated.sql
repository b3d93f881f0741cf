{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='return_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__returns',
    key=['return_key'],
    columns=[
        'return_key', 'source', 'order_key', 'line_number', 'customer_record_key', 'product_key', 'rep_key',
        'channel', 'region_key', 'return_reason', 'currency', 'quantity', 'refund_amount', 'returned_at',
        '_load_id', '_file', '_row_number',
    ],
) }}
