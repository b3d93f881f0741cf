{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='rep_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__sales_reps',
    key=['rep_key'],
    columns=[
        'rep_key', 'source', 'rep_id', 'rep_name', 'team', 'department', 'region_key', 'manager_rep_key',
        'fte', 'hired_date', 'left_date', '_load_id', '_file', '_row_number',
    ],
    keep_cells=true,
) }}
