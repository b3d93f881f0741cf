select
    _source || ':' || dealer_id as dealer_key,
    _source as source,
    dealer_id,

    nullif(trim(name), '') as dealer_name,
    nullif(trim(region), '') as region_key,
    nullif(trim(tier), '') as dealer_tier,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'dealers') }}
