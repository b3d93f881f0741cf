select
    _source || ':' || store_id as store_key,
    _source as source,
    store_id,
    dealer_id as dealer_key,

    nullif(trim(name), '') as store_name,
    nullif(trim(region), '') as region_key,
    nullif(trim(province), '') as province_key,
    nullif(trim(city), '') as city,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'stores') }}
