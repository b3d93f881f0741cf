{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='store_key',
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__stores',
    key=['store_key'],
    columns=[
        'store_key', 'source', 'store_id', 'dealer_key', 'store_name', 'region_key', 'province_key', 'city',
        '_load_id', '_file', '_row_number',
    ],
    keep_cells=true,
) }}
