-- By the day, not by sums: there are fewer days off than working days.
with kinds as (
    select
        d.is_workday, count(l.lead_key) / count(distinct d.day) as enquiries_a_day, avg(l.converts::int) as conversion
    from open_days as d
    left join leads as l on l.created_at::date = d.day
    group by d.is_workday
)
select rest.enquiries_a_day / work.enquiries_a_day as enquiries_a_day_factor, rest.conversion / work.conversion - 1 as conversion_change
from kinds as work
join kinds as rest on not rest.is_workday
where work.is_workday
