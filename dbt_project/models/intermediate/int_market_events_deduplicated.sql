{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='market_event_key',
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__market_events',
    key=['market_event_key'],
    columns=[
        'market_event_key', 'source', 'event_type', 'actor', 'region_key', 'category', 'product_line',
        'description', 'source_url', 'starts_date', 'ends_date', '_load_id', '_file', '_row_number',
    ],
) }}
