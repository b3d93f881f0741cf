select
    _source || ':' || payment_id as payment_key,
    _source as source,
    invoice_id as invoice_key,

    amount,

    paid_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'payments') }}
