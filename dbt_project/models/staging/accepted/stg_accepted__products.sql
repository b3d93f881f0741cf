select
    _source || ':' || product_id as product_key,
    _source as source,
    product_id,

    nullif(trim(name), '') as product_name,
    nullif(trim(product_line), '') as product_line,
    nullif(trim(category), '') as category,
    nullif(trim(price_band), '') as price_band,
    nullif(trim(unit), '') as unit,
    nullif(trim(traits), '') as traits,

    list_price_amount,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'products') }}
