select
    _source || ':' || quote_id as quote_key,
    version as quote_version,
    _source as source,
    opportunity_id as opportunity_key,

    amount,
    discount_amount,

    valid_until as valid_until_date,
    created_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'quotes') }}
