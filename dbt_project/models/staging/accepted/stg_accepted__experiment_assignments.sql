select
    _source || ':' || experiment_id as experiment_key,
    unit_id,
    _source as source,

    nullif(trim(variant), '') as variant,

    assigned_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'experiment_assignments') }}
