{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['opportunity_key', 'entered_at'],
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__opportunity_stage_events',
    key=['opportunity_key', 'entered_at'],
    columns=[
        'opportunity_key', 'entered_at', 'source', 'stage', 'stage_order', 'amount', 'recorded_at',
        '_load_id', '_file', '_row_number',
    ],
) }}
