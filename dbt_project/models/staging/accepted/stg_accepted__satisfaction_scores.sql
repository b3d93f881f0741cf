select
    _source || ':' || survey_id as survey_key,
    _source as source,
    customer_id as customer_record_key,
    order_id as order_key,
    dealer_id as dealer_key,
    store_id as store_key,

    nullif(trim(comment), '') as survey_comment,

    score,
    max_score,

    answered_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'satisfaction_scores') }}
