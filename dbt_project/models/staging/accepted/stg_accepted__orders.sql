select
    _source || ':' || order_id as order_key,
    _source as source,
    order_id,
    nullif(trim(order_number), '') as order_number,
    customer_id as customer_record_key,
    contact_id as contact_record_key,
    opportunity_id as opportunity_key,
    owner_rep_id as rep_key,
    store_id as store_key,
    dealer_id as dealer_key,

    nullif(trim(channel), '') as channel,
    nullif(trim(region), '') as region_key,
    nullif(trim(status), '') as order_status,
    nullif(trim(currency), '') as currency,

    ordered_at,
    paid_at,
    updated_at,
    recorded_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'orders') }}
