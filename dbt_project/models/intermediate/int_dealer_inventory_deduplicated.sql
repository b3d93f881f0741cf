{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['source', 'dealer_key', 'product_key', 'counted_at'],
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__dealer_inventory',
    key=['source', 'dealer_key', 'product_key', 'counted_at'],
    columns=[
        'source', 'dealer_key', 'product_key', 'counted_at', 'quantity', 'reported_at', '_load_id', '_file',
        '_row_number',
    ],
) }}
