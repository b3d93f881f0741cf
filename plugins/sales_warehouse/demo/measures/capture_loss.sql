select avg((l._key is null)::int) as lost_of_events
from enquiries as e
left join (select distinct _key from rows_t_xs) as l on l._key = e.lead_key
where e.event_system is not null
