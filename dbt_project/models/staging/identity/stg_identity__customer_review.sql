select
    left_node as left_name,
    right_node as right_name,
    why as review_reason,
    probability as probability_rate
from {{ source('identity', 'customer_review') }}
