{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='experiment_key',
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__experiments',
    key=['experiment_key'],
    columns=[
        'experiment_key', 'source', 'experiment_id', 'hypothesis', 'metric_id', 'unit_type', 'starts_date',
        'ends_date', '_load_id', '_file', '_row_number',
    ],
) }}
