with placed as (
    select account_key, row_number() over (partition by account_key order by ordered_at) as number
    from shop_orders
    where not is_cancelled
)
select
    count(distinct account_key) filter (size_band = getvariable('m_size')) / count(distinct account_key) as share_of_customers,
    count(*) filter (number > 1 and size_band = getvariable('m_size')) / count(*) filter (number > 1) as share_of_repeat_orders
from placed
join accounts using (account_key)
