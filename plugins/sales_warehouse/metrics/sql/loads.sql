-- How many rows of a load were judged, and how many of them were refused, mended or said again, by the business date of
-- the refresh that took it in.
select
    load_date as row_date,
    source,
    load_id,
    entity,
    judged_count,
    quarantined_count,
    repaired_count,
    duplicate_count,
    dirty_count
from trust_load_counts
