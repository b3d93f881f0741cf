select
    _source || ':' || return_id as return_key,
    _source as source,
    order_id as order_key,
    line_number,
    customer_id as customer_record_key,
    product_id as product_key,
    owner_rep_id as rep_key,

    nullif(trim(channel), '') as channel,
    nullif(trim(region), '') as region_key,
    nullif(trim(reason), '') as return_reason,
    nullif(trim(currency), '') as currency,

    quantity,
    refund_amount,

    returned_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'returns') }}
