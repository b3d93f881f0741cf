select
    _source || ':' || rep_id as rep_key,
    _source as source,
    rep_id,

    nullif(trim(name), '') as rep_name,
    nullif(trim(team), '') as team,
    nullif(trim(department), '') as department,
    nullif(trim(region), '') as region_key,
    manager_rep_id as manager_rep_key,

    fte,

    hired_date,
    left_date,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'sales_reps') }}
