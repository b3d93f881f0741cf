select
    _source || ':' || opportunity_id as opportunity_key,
    _source as source,
    opportunity_id,
    customer_id as customer_record_key,
    primary_contact_id as contact_record_key,
    lead_id as lead_key,
    owner_rep_id as owner_rep_key,

    nullif(trim(product_line), '') as product_line,
    nullif(trim(status), '') as opportunity_status,
    nullif(trim(lost_reason), '') as lost_reason,
    nullif(trim(currency), '') as currency,

    amount,
    probability_rate,

    created_at,
    expected_close_date,
    closed_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'opportunities') }}
