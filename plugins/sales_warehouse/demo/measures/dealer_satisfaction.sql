with ordered as (
    select dealer_no, date_trunc('month', ordered_at)::date as month_start, sum(quantity) as units from dealer_orders group by all
),
whole as (
    select *, units / avg(units) over (partition by dealer_no) as level
    from ordered
    where month_start > getvariable('start_date') + 31 and (month_start + interval 1 month)::date <= getvariable('last_day')
),
scored as (
    select dealer_no, month_start, avg(score) as score from store_surveys group by all
)
select corr(w.level, s.score) as lag_1_correlation
from whole as w
join scored as s on s.dealer_no = w.dealer_no and s.month_start = (w.month_start - interval 1 month)::date
