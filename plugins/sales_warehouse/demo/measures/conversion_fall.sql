select
    avg(is_won::int) filter (created_at::date between getvariable('m_first_date') and getvariable('m_last_date'))
    / avg(is_won::int) filter (not created_at::date between getvariable('m_first_date') and getvariable('m_last_date')) - 1 as conversion_change
from deals
where created_at <= getvariable('last_day') - interval 150 day
