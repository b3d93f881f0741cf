{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='survey_key',
    on_schema_change='fail',
) }}

{{ latest_version(
    'stg_accepted__satisfaction_scores',
    key=['survey_key'],
    columns=[
        'survey_key', 'source', 'customer_record_key', 'order_key', 'dealer_key', 'store_key', 'survey_comment',
        'score', 'max_score', 'answered_at', '_load_id', '_file', '_row_number',
    ],
) }}
