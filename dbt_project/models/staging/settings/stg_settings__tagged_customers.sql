select
    tag_id,
    customer_record_key
from {{ source('settings', 'tagged_customers') }}
