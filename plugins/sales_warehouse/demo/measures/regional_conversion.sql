select avg(is_won::int) as won_of_deals
from deals
where region = getvariable('m_region') and created_at::date between getvariable('m_first_date') and getvariable('m_last_date')
