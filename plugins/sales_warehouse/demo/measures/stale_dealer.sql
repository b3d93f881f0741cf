select count(*) as dealers_without_a_count
from dealers as d
where not exists (
    select 1 from rows_dealer_inventory as c where c.dealer_id = d.dealer_id and c.counted_on::date >= getvariable('m_first_date')
)
