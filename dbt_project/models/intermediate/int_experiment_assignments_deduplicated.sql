{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['experiment_key', 'unit_id'],
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__experiment_assignments',
    key=['experiment_key', 'unit_id'],
    columns=[
        'experiment_key', 'unit_id', 'source', 'variant', 'assigned_at', '_load_id', '_file', '_row_number',
    ],
) }}
