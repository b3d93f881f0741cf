select
    _source || ':' || dealer_order_id as dealer_order_key,
    line_number,
    _source as source,
    dealer_id as dealer_key,
    product_id as product_key,

    nullif(trim(batch_id), '') as batch_id,

    quantity,
    amount,

    ordered_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'dealer_orders') }}
