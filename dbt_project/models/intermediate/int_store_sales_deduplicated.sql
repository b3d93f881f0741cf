{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='store_sale_key',
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__store_sales',
    key=['store_sale_key'],
    columns=[
        'store_sale_key', 'source', 'store_key', 'product_key', 'batch_id', 'quantity', 'amount', 'sold_at',
        '_load_id', '_file', '_row_number',
    ],
) }}
