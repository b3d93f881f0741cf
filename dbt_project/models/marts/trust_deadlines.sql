{%- set days_shown = 35 -%}
-- The events of a workday are in with the first delivery that has an event of that day or of a later one.
with
sources as (
    select * from {{ ref('stg_settings__sources') }}
    where deadline_minutes is not null or is_due_at_closing
),

arrivals as (
    select
        source,
        {{ business_timestamp('arrived_at') }} as arrived_local_at,
        {{ business_date_of('last_event_at') }} as reaches_on
    from {{ ref('stg_ledger__arrivals') }}
),

known as (
    select
        source,
        min(reaches_on) as first_on
    from arrivals
    group by source
),

workdays as (
    select
        date_day,
        {{ business_timestamp('coalesce(closes_4_at, closes_3_at, closes_2_at, closes_1_at)') }} as closes_local_at
    from {{ ref('dim_calendar_hours') }}
    where schedule_id = 'default' and is_open and date_day > {{ business_date() }} - {{ days_shown }} and date_day <= {{ business_date() }}
),

due as (
    select
        sources.source,
        sources.owner,
        workdays.date_day,
        case
            when sources.is_due_at_closing then workdays.closes_local_at
            else {{ dbt.dateadd('minute', 'sources.deadline_minutes', 'cast(workdays.date_day as timestamp)') }}
        end as deadline_local_at
    from sources
    inner join known on sources.source = known.source
    inner join workdays on known.first_on <= workdays.date_day
),

met as (
    select
        due.source,
        due.owner,
        due.date_day,
        due.deadline_local_at,
        min(arrivals.arrived_local_at) as arrived_local_at
    from due
    left join arrivals on due.source = arrivals.source and due.date_day <= arrivals.reaches_on
    group by due.source, due.owner, due.date_day, due.deadline_local_at
),

judged as (
    select
        *,
        case
            when arrived_local_at <= deadline_local_at then 'met'
            when arrived_local_at is not null or {{ business_timestamp(as_of()) }} > deadline_local_at then 'missed'
            else 'due'
        end as deadline_status
    from met
)

select
    source,
    date_day,
    owner,
    cast(deadline_local_at as timestamp) as deadline_local_at,
    cast(arrived_local_at as timestamp) as arrived_local_at,
    deadline_status,
    case
        when deadline_status = 'missed' and arrived_local_at is not null
            then cast({{ microseconds_between('deadline_local_at', 'arrived_local_at') }} / 60000000 as bigint)
    end as late_minutes
from judged
