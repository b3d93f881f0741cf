{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='payment_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__payments',
    key=['payment_key'],
    columns=[
        'payment_key', 'source', 'invoice_key', 'amount', 'paid_at', '_load_id', '_file', '_row_number',
    ],
) }}
