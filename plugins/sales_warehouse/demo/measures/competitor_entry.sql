select
    avg(is_won::int) filter (created_at::date >= getvariable('m_first_date'))
    / avg(is_won::int) filter (created_at::date < getvariable('m_first_date')) - 1 as win_rate_change
from deals
where product_line = getvariable('m_product_line') and region = getvariable('m_region') and created_at <= getvariable('last_day') - interval 90 day
