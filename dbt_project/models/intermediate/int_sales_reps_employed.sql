-- A stretch of days in which a seller was employed with one share of full time in one region. What a version of the
-- record says is in force from the day on which it said so; the first version that is known counts from the beginning.
-- Hired and left are those of the latest version; the day of leaving is still worked. Without a share it is full time.
with
reps as (
    select * from {{ present('int_sales_reps_deduplicated') }}
),

loads as (
    select * from {{ ref('stg_ledger__loads') }}
),

rules as (
    select * from {{ ref('stg_settings__comparison_rules') }}
),

teams_without as (
    select distinct unit_name from {{ ref('stg_settings__not_selling') }}
    where unit_type = 'team'
),

departments_without as (
    select distinct unit_name from {{ ref('stg_settings__not_selling') }}
    where unit_type = 'department'
),

managers as (
    select distinct manager_rep_key
    from reps
    where manager_rep_key is not null
),

versions as (
    select
        versions.rep_key,
        coalesce(versions.region_key, 'unknown') as region_key,
        cast(coalesce(versions.fte, 1) as decimal(18, 4)) as fte,
        coalesce(
            {{ business_date_of('versions._version_at') }},
            {{ loaded_date('loads.extracted_at') }},
            {{ business_date() }}
        ) as version_date,
        row_number() over (
            partition by versions.rep_key
            order by
                versions._version_at desc nulls last, versions._load_id desc, versions._file desc, versions._row_number desc
        ) as version_rank
    from {{ ref('stg_accepted__sales_reps') }} as versions
    left join loads on versions.source = loads.source and versions._load_id = loads.load_id
    where not versions.is_deleted
),

superseded as (
    select
        versions.*,
        min(version_date) over (
            partition by rep_key order by version_rank asc rows between unbounded preceding and 1 preceding
        ) as superseded_date
    from versions
),

compared as (
    select
        superseded.*,
        lag(region_key) over (partition by rep_key order by version_date asc) as region_before,
        lag(fte) over (partition by rep_key order by version_date asc) as fte_before,
        row_number() over (partition by rep_key order by version_date asc) as place
    from superseded
    where superseded_date is null or version_date < superseded_date
),

-- A source that sends its whole table every night says nothing new.
changed as (
    select
        rep_key,
        region_key,
        fte,
        version_date,
        place,
        lead(version_date) over (partition by rep_key order by version_date asc) as until_date
    from compared
    where place = 1 or region_key <> region_before or fte <> fte_before
),

stretches as (
    select
        changed.rep_key,
        changed.region_key,
        changed.fte,
        greatest(
            coalesce(reps.hired_date, date '1900-01-01'),
            case when changed.place = 1 then date '1900-01-01' else changed.version_date end
        ) as from_date,
        least(
            coalesce(reps.left_date + 1, {{ the_end() }}),
            coalesce(changed.until_date, {{ the_end() }})
        ) as until_date,
        teams_without.unit_name is null
        and departments_without.unit_name is null
        and (rules.do_managers_sell or managers.manager_rep_key is null) as is_selling
    from changed
    inner join reps on changed.rep_key = reps.rep_key
    left join managers on changed.rep_key = managers.manager_rep_key
    left join teams_without on reps.team = teams_without.unit_name
    left join departments_without on reps.department = departments_without.unit_name
    cross join rules
)

select
    rep_key,
    region_key,
    fte,
    from_date,
    until_date,
    is_selling
from stretches
where from_date < until_date
