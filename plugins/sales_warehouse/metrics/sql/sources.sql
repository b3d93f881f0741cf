-- How long ago the last load of a source landed.
select
    source,
    label_en,
    label_zh,
    last_load_at,
    age_hours,
    expected_within_hours,
    freshness_status
from trust_source_freshness
where age_hours is not null
