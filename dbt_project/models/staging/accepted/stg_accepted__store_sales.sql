select
    _source || ':' || store_sale_id as store_sale_key,
    _source as source,
    store_id as store_key,
    product_id as product_key,

    nullif(trim(batch_id), '') as batch_id,

    quantity,
    amount,

    sold_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'store_sales') }}
