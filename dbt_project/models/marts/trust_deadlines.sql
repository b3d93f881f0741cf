{%- set days_shown = 35 -%}
-- A source that hands over files is in with the first delivery that has an event of the day or of a later one: its file of
-- that day. One that is read often, or is asked, shows only what it had by then. There the first moment counts at which it
-- was heard of when the day's work was over: it is late if what it told then, after the deadline, had happened before it.
with
sources as (
    select * from {{ ref('stg_settings__sources') }}
    where deadline_minutes is not null or is_due_at_closing
),

arrivals as (
    select
        source,
        event_date,
        {{ business_timestamp('arrived_at') }} as arrived_local_at,
        {{ business_timestamp('first_event_at') }} as first_event_local_at
    from {{ ref('stg_ledger__arrivals') }}
),

moments as (
    select
        source,
        arrived_local_at as heard_local_at
    from arrivals
    union all
    select
        source,
        {{ business_timestamp('read_at') }} as heard_local_at
    from {{ ref('stg_ledger__readings') }}
),

-- What was there before a source was first read is its history: nobody could have it in by close of business.
known as (
    select
        source,
        min(greatest(event_date, cast(arrived_local_at as date))) as first_on
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

-- A source that never brought anything is late today.
due as (
    select
        sources.source,
        sources.owner,
        sources.is_in_files,
        sources.is_read_often,
        workdays.date_day,
        workdays.closes_local_at,
        case
            when sources.is_due_at_closing then workdays.closes_local_at
            else {{ dbt.dateadd('minute', 'sources.deadline_minutes', 'cast(workdays.date_day as timestamp)') }}
        end as deadline_local_at
    from sources
    cross join workdays
    left join known on sources.source = known.source
    where workdays.date_day >= coalesce(known.first_on, {{ business_date() }})
),

delivered as (
    select
        due.source,
        due.date_day,
        min(arrivals.arrived_local_at) as first_local_at
    from due
    inner join arrivals on due.source = arrivals.source and due.date_day <= arrivals.event_date
    group by due.source, due.date_day
),

heard as (
    select
        due.source,
        due.date_day,
        min(moments.heard_local_at) as heard_local_at
    from due
    inner join moments
        on
            due.source = moments.source
            and (due.closes_local_at <= moments.heard_local_at or due.deadline_local_at <= moments.heard_local_at)
    where due.is_read_often
    group by due.source, due.date_day
),

told as (
    select
        due.source,
        due.date_day,
        max(
            case
                when arrivals.arrived_local_at = heard.heard_local_at and arrivals.first_event_local_at <= due.deadline_local_at
                    then arrivals.arrived_local_at
            end
        ) as news_local_at,
        max(case when arrivals.arrived_local_at < heard.heard_local_at then arrivals.arrived_local_at end) as before_local_at
    from due
    inner join heard on due.source = heard.source and due.date_day = heard.date_day
    inner join arrivals on due.source = arrivals.source and due.date_day = arrivals.event_date
    group by due.source, due.date_day
),

met as (
    select
        due.*,
        case
            when not due.is_read_often then delivered.first_local_at
            when heard.heard_local_at is null then null
            when told.news_local_at is not null then told.news_local_at
            when told.before_local_at is not null then told.before_local_at
            -- nothing of the day at all: who is asked has answered, a file has not come
            when due.is_in_files then delivered.first_local_at
            when heard.heard_local_at < due.deadline_local_at then heard.heard_local_at
            else due.deadline_local_at
        end as arrived_local_at
    from due
    left join delivered on due.source = delivered.source and due.date_day = delivered.date_day
    left join heard on due.source = heard.source and due.date_day = heard.date_day
    left join told on due.source = told.source and due.date_day = told.date_day
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
