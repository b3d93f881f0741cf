-- How long ago the last load of a source landed; where none ever did, the first one of the company.
with
waited as (
    select
        cast(
            cast(epoch_us(getvariable('as_of')) - epoch_us(min(extracted_at)) as decimal(28, 6)) / 3600000000
            as decimal(18, 4)
        ) as waited_hours
    from trust_load_counts
)

select
    source,
    label_en,
    label_zh,
    last_load_at,
    coalesce(age_hours, waited_hours) as age_hours,
    expected_within_hours,
    freshness_status
from trust_source_freshness
cross join waited
where coalesce(trust_source_freshness.age_hours, waited.waited_hours) is not null
