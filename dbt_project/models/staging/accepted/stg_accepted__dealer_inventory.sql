select
    _source as source,
    dealer_id as dealer_key,
    product_id as product_key,

    quantity,

    counted_at,
    reported_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'dealer_inventory') }}
