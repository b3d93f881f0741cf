{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='product_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__products',
    key=['product_key'],
    columns=[
        'product_key', 'source', 'product_id', 'product_name', 'product_line', 'category', 'price_band',
        'unit', 'traits', 'list_price_amount', '_load_id', '_file', '_row_number',
    ],
    keep_cells=true,
) }}
