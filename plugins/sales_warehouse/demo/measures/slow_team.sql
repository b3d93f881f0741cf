with answered as (
    select e.region, ln(epoch(c.started_at - e.assigned_at)) as log_seconds
    from enquiries as e
    join calls as c on c.call_key = e.lead_key * 10 + 1
    where e.region is not null
)
select exp(avg(log_seconds) filter (region = getvariable('m_region')) - avg(log_seconds) filter (region <> getvariable('m_region'))) as first_answer_factor
from answered
