select
    left_name,
    right_name,
    review_reason,
    probability_rate
from {{ ref('stg_identity__customer_review') }}
