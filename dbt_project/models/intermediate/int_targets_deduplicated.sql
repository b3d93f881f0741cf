{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='target_key',
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__targets',
    key=['target_key'],
    columns=[
        'target_key', 'source', 'target_id', 'parent_target_id', 'target_name', 'metric_id', 'scope', 'target_mode',
        'owner', 'relevance', 'baseline_value', 'target_value', 'upper_value', 'weight', 'starts_on', 'due_on',
        '_load_id', '_file', '_row_number',
    ],
) }}
