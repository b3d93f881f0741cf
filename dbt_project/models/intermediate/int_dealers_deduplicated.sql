{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='dealer_key',
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__dealers',
    key=['dealer_key'],
    columns=[
        'dealer_key', 'source', 'dealer_id', 'dealer_name', 'region_key', 'dealer_tier', '_load_id', '_file',
        '_row_number',
    ],
    keep_cells=true,
) }}
