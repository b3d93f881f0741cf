select
    left_name,
    right_name,
    review_reason,
    cast(probability_rate as decimal(18, 6)) as probability_rate
from {{ ref('stg_identity__customer_review') }}
