select avg((isodow(occurred_at) = getvariable('m_weekday') and hour(occurred_at) = getvariable('m_hour'))::int) as share_of_clicks
from readings
where industry = getvariable('m_industry')
