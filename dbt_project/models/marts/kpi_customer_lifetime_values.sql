{#- As lifetime_value.py: fewer customers who came back say nothing. -#}
{%- set least_returning = 100 -%}
with
came_back as (
    select count(*) as customer_count from {{ ref('int_customer_purchases') }}
    where order_day_count > 1
)

select
    purchases.customer_key,
    purchases.first_order_date,
    purchases.last_order_date,
    purchases.order_day_count,
    purchases.value_to_date_amount,
    cast(expected.expected_order_count as decimal(18, 6)) as expected_order_count_12m,
    cast(expected.expected_order_amount as decimal(18, 4)) as expected_order_amount,
    cast(expected.expected_amount as decimal(18, 4)) as clv_12m_amount,
    case
        when expected.customer_key is not null then 'estimated'
        when came_back.customer_count < {{ least_returning }} then 'too_few_returning'
        else 'not_fitted'
    end as estimate_status
from {{ ref('int_customer_purchases') }} as purchases
cross join came_back
left join {{ ref('int_customer_values_expected') }} as expected on purchases.customer_key = expected.customer_key
