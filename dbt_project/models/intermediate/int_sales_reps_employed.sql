-- A stretch of days in which a seller was employed with one share of full time in one region. What a version of the
-- record says is in force from the day on which it said so; the first version that is known counts from the beginning.
-- Hired and left are those of the latest version; the day of leaving is still worked. Without a share it is full time.
-- A seller whose record the source deleted was there before: without a day of leaving, up to the day before it said so.
with
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

told as (
    select
        versions.rep_key,
        versions.is_deleted,
        coalesce(versions.region_key, 'unknown') as region_key,
        cast(coalesce(versions.fte, 1) as decimal(18, 4)) as fte,
        versions.team,
        versions.department,
        versions.manager_rep_key,
        versions.hired_date,
        versions.left_date,
        coalesce(
            {{ business_date_of('versions._version_at') }},
            {{ loaded_date('loads.extracted_at') }},
            {{ business_date() }}
        ) as version_date,
        row_number() over (
            partition by versions.rep_key, versions.is_deleted
            order by
                versions._version_at desc nulls last, versions._load_id desc, versions._file desc, versions._row_number desc
        ) as version_rank
    from {{ ref('stg_accepted__sales_reps') }} as versions
    left join loads on versions.source = loads.source and versions._load_id = loads.load_id
),

versions as (
    select * from told
    where not is_deleted
),

lasts as (
    select
        told.*,
        max(case when not is_deleted then version_date end) over (partition by rep_key) as last_date
    from told
),

-- A source may say every night that a record is gone: the first time after it was there counts.
deletions as (
    select
        rep_key,
        min(version_date) as deleted_date
    from lasts
    where is_deleted and version_date >= last_date
    group by rep_key
),

-- A deletion may name its record and nothing else: then it counts what was known last.
reps as (
    select
        records.rep_key,
        case when records.is_deleted then coalesce(records.team, latest.team) else records.team end as team,
        case when records.is_deleted then coalesce(records.department, latest.department) else records.department end as department,
        case
            when records.is_deleted then coalesce(records.manager_rep_key, latest.manager_rep_key)
            else records.manager_rep_key
        end as manager_rep_key,
        case when records.is_deleted then coalesce(records.hired_date, latest.hired_date) else records.hired_date end as hired_date,
        case
            when not records.is_deleted then records.left_date + 1
            else coalesce(
                coalesce(records.left_date, latest.left_date) + 1,
                deletions.deleted_date,
                {{ business_date() }}
            )
        end as gone_date
    from {{ ref('int_sales_reps_deduplicated') }} as records
    left join versions as latest on records.rep_key = latest.rep_key and latest.version_rank = 1
    left join deletions on records.rep_key = deletions.rep_key
),

managers as (
    select distinct manager_rep_key
    from reps
    where manager_rep_key is not null
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
            coalesce(reps.gone_date, {{ the_end() }}),
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
