select
    _source || ':' || contact_id as contact_record_key,
    _source as source,
    contact_id,
    customer_id as customer_record_key,

    nullif(trim(name), '') as contact_name,
    nullif(trim(title), '') as title,
    -- A source that says `unknown` says nothing.
    nullif(nullif(trim(role), ''), 'unknown') as contact_role,

    created_at,

    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_is_ended, false) as is_ended,
    _version_at,
    _load_id,
    _file,
    _row_number
from {{ source('accepted', 'contacts') }}
