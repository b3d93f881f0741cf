with
pairs as (
    select * from {{ ref('stg_identity__customer_review') }}
),

records as (
    select * from {{ ref('int_customers_identified') }}
)

select
    pairs.left_customer_record_key,
    left_records.customer_key as left_customer_key,
    left_records.customer_name as left_customer_name,
    pairs.right_customer_record_key,
    right_records.customer_key as right_customer_key,
    right_records.customer_name as right_customer_name,
    pairs.review_reason,
    cast(pairs.probability_rate as decimal(18, 6)) as probability_rate
from pairs
left join records as left_records on pairs.left_customer_record_key = left_records.customer_record_key
left join records as right_records on pairs.right_customer_record_key = right_records.customer_record_key
