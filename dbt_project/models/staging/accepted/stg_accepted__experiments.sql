select
    _source || ':' || experiment_id as experiment_key,
    _source as source,
    experiment_id,

    nullif(trim(hypothesis), '') as hypothesis,
    nullif(trim(metric_id), '') as metric_id,
    nullif(trim(unit_type), '') as unit_type,

    starts_on as starts_date,
    ends_on as ends_date,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'experiments') }}
