select avg(l.converts::int) filter (a.variant = 'B') / avg(l.converts::int) filter (a.variant = 'A') - 1 as conversion_change
from assignments as a
join leads as l using (lead_key)
