with days_bought as (
    select account_key, ordered_at::date >= getvariable('m_first_date') as is_since, count(distinct ordered_at::date) as day_count
    from shop_lines
    where category = getvariable('m_category') and price_band = getvariable('m_price_band')
        and ordered_at::date >= getvariable('m_first_date') - 365
    group by all
)
select
    avg((day_count >= 2)::int) filter (is_since) / avg((day_count >= 2)::int) filter (not is_since) - 1 as repurchase_rate_change
from days_bought
