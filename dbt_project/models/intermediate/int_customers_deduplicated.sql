{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='customer_record_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__customers',
    key=['customer_record_key'],
    columns=[
        'customer_record_key', 'source', 'customer_id', 'owner_rep_key', 'customer_name', 'uscc', 'industry',
        'region_key', 'province_key', 'city', 'size_band', 'is_addressable', 'created_at', 'updated_at',
        '_load_id', '_file', '_row_number',
    ],
    keep_cells=true,
) }}
