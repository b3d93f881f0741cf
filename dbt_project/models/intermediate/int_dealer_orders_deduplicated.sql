{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['dealer_order_key', 'line_number'],
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__dealer_orders',
    key=['dealer_order_key', 'line_number'],
    columns=[
        'dealer_order_key', 'line_number', 'source', 'dealer_key', 'product_key', 'batch_id', 'quantity', 'amount',
        'ordered_at', '_load_id', '_file', '_row_number',
    ],
) }}
