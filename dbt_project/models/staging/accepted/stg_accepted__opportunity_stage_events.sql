select
    _source || ':' || opportunity_id as opportunity_key,
    _source as source,

    nullif(trim(stage), '') as stage,
    stage_order,

    amount,

    entered_at,
    recorded_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'opportunity_stage_events') }}
