select
    left_record as left_customer_record_key,
    right_record as right_customer_record_key,
    why as review_reason,
    probability as probability_rate
from {{ source('identity', 'customer_review') }}
