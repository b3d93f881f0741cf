-- From a customer's first day to the business date every day is in exactly one row of the history.
with
followed as (
    select
        customer_key,
        valid_from_date,
        valid_to_date,
        is_current,
        lead(valid_from_date) over (partition by customer_key order by valid_from_date asc) as next_date
    from {{ ref('dim_customer_tiers') }}
),

current_tiers as (
    select * from {{ ref('dim_customer_tiers') }}
    where is_current
),

broken as (
    select customer_key
    from followed
    where
        (next_date is null) <> is_current
        or (valid_to_date is null) <> is_current
        or coalesce(valid_to_date + 1 <> next_date, false)
        or valid_from_date > coalesce(valid_to_date, {{ business_date() }})
)

select customer_key
from broken
union all
-- The history and dim_customers are the same customers and say the same of the business date.
select coalesce(customers.customer_key, tiers.customer_key) as customer_key
from {{ ref('dim_customers') }} as customers
full outer join current_tiers as tiers
    on customers.customer_key = tiers.customer_key
where
    coalesce(customers.customer_key, '') <> 'unknown'
    and (customers.tier is null or tiers.tier is null or customers.tier <> tiers.tier)
