select
    _source || ':' || order_id as order_key,
    line_number,
    _source as source,
    product_id as product_key,

    quantity,
    unit_price_amount,
    discount_amount,
    tax_amount,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'order_lines') }}
