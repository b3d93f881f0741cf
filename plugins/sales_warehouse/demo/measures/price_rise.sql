with quoted as (
    select d.created_at::date >= getvariable('m_first_date') as is_since, avg(ln(q.amount)) as price
    from quotes as q
    join deals as d using (deal_key)
    where d.product_line = getvariable('m_product_line')
    group by 1
),
won as (
    select created_at::date >= getvariable('m_first_date') as is_since, avg(is_won::int) as win_rate
    from deals
    where product_line = getvariable('m_product_line') and created_at <= getvariable('last_day') - interval 90 day
    group by 1
)
select
    exp(max(price) filter (is_since) - max(price) filter (not is_since)) - 1 as quoted_price_change,
    max(win_rate) filter (is_since) / max(win_rate) filter (not is_since) - 1 as win_rate_change
from quoted
join won using (is_since)
