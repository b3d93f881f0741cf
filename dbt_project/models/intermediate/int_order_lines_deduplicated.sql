{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['order_key', 'line_number'],
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__order_lines',
    key=['order_key', 'line_number'],
    columns=[
        'order_key', 'line_number', 'source', 'product_key', 'quantity', 'unit_price_amount',
        'discount_amount', 'tax_amount', '_load_id', '_file', '_row_number',
    ],
) }}
