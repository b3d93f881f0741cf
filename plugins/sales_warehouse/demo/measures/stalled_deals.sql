select avg((left_at > entered_at + interval 30 day)::int) as entries_over_30_days
from stage_visits
where entered_at <= getvariable('last_day') - interval 120 day
