{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='invoice_key', on_schema_change='fail') }}

{{ latest_version(
    'stg_accepted__invoices',
    key=['invoice_key'],
    columns=[
        'invoice_key', 'source', 'order_key', 'amount', 'due_date', '_load_id', '_file', '_row_number',
    ],
) }}
