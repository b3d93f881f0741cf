select
    _source || ':' || customer_id as customer_record_key,
    _source as source,
    customer_id,

    owner_rep_id as owner_rep_key,
    nullif(trim(name), '') as customer_name,
    nullif(trim(uscc), '') as uscc,
    nullif(trim(industry), '') as industry,
    nullif(trim(region), '') as region_key,
    nullif(trim(province), '') as province_key,
    nullif(trim(city), '') as city,
    nullif(trim(address), '') as address,
    nullif(trim(size_band), '') as size_band,

    addressable as is_addressable,

    created_at,
    updated_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'customers') }}
