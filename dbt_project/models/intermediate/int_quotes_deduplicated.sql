{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['quote_key', 'quote_version'],
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__quotes',
    key=['quote_key', 'quote_version'],
    columns=[
        'quote_key', 'quote_version', 'source', 'opportunity_key', 'amount', 'discount_amount', 'valid_until_date',
        'created_at', '_load_id', '_file', '_row_number',
    ],
) }}
