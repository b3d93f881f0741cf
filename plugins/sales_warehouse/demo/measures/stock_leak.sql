-- What a week's counts differ by, less what came and went in between.
with counted as (
    select stock_no, day, quantity, lag(day) over (partition by stock_no order by day) as before, lag(quantity) over (partition by stock_no order by day) as held
    from dealer_counts
    where dealer_no = getvariable('m_dealer_no')
),
flows as (
    select stock_no, day, -quantity as change from outflows
    union all
    select stock_no, ordered_at::date, quantity from dealer_orders
)
select coalesce(sum(c.quantity - c.held - coalesce(f.change, 0)), 0) as unexplained_units
from counted as c
left join lateral (select sum(change) as change from flows where stock_no = c.stock_no and day > c.before and day <= c.day) as f on true
where c.day between getvariable('m_first_date') and getvariable('m_last_date') and c.before is not null
