select
    _source || ':' || target_id as target_key,
    _source as source,
    target_id,
    parent_target_id,

    nullif(trim(name), '') as target_name,
    nullif(trim(metric_id), '') as metric_id,
    nullif(trim(scope), '') as scope,
    nullif(trim(mode), '') as target_mode,
    nullif(trim(owner), '') as owner,
    nullif(trim(relevance), '') as relevance,

    baseline_value,
    target_value,
    upper_value,
    weight,

    starts_on,
    due_on,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'targets') }}
