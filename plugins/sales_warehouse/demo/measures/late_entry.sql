select avg((v.recorded_at <= v.started_at + interval 24 hour)::int) as entered_within_24h
from field_visits as v
join reps as r using (rep_id)
where r.rep_no = getvariable('m_rep_no')
