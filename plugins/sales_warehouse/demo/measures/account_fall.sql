-- Of the account's part of all sales: everybody buys more from month to month.
with parts as (
    select
        ordered_at::date >= getvariable('m_first_date') as is_since,
        sum(net) filter (account_key in (from falling_account)) / sum(net) as part
    from shop_lines
    group by all
)
select max(part) filter (is_since) / max(part) filter (not is_since) - 1 as purchases_change
from parts
