with moved as (
    select net as amount, ordered_at as moved_at from shop_lines where region = getvariable('m_region') and not is_cancelled
    union all
    select net, ordered_at from field_lines where region = getvariable('m_region') and not is_cancelled
    union all
    select -refund, refunded_at from shop_refunds where region = getvariable('m_region')
    union all
    select -r.refund, r.returned_at from field_returns as r join field_lines as l using (line_key) where l.region = getvariable('m_region')
)
select (
    select sum(amount) from moved where moved_at::date between getvariable('m_first_date') and getvariable('last_day')
) / (
    select target::double from goals where region = getvariable('m_region') and starts_on = getvariable('m_first_date')
) as progress_rate
