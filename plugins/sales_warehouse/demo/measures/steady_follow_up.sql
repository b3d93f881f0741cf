with touches as (
    select crm_id, started_at from calls where direction = 'outbound' and crm_id is not null
    union all
    select crm_id, started_at from field_visits
    union all
    select crm_id, created_at from quotes
)
select avg(gap) as follow_up_hours
from (
    select epoch(started_at - lag(started_at) over (partition by crm_id order by started_at)) / 3600 as gap
    from touches
    join accounts using (crm_id)
    where region = getvariable('m_region') and started_at < getvariable('last_day') + interval 1 day
)
