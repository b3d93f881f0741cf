select
    _source || ':' || invoice_id as invoice_key,
    _source as source,
    order_id as order_key,

    amount,

    due_date,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'invoices') }}
