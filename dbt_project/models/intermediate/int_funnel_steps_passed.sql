-- One coming to a step, and what became of it. On the level `main` it is a journey that comes to a lead, a deal, an order, an
-- invoice or a payment; on the level `stage` it is a deal that enters a stage, as often as it does. Workdays are those of the
-- seller who has the deal, and on the level `main` the company's.
with
settings as (
    select * from {{ ref('stg_settings__funnel') }}
),

main_steps as (
    select
        journeys.*,
        max(type_order) over (partition by journey_key) as last_type_order,
        coalesce(
            grown_date,
            min(reached_date) over (
                partition by journey_key order by type_order asc rows between 1 following and unbounded following
            )
        ) as next_date
    from {{ ref('int_funnel_journeys') }} as journeys
    where step_type in ('lead', 'opportunity', 'order', 'invoice', 'payment')
),

-- A deal that was there before the lead did not grow from it, nor did an order from a later deal: the way goes on, but the
-- step did not lead on, and took no time.
judged as (
    select
        main_steps.*,
        coalesce(step_type in ('lead', 'opportunity') and next_date < reached_date, false) as is_next_older
    from main_steps
),

-- Where an invoice is the next step, only that there is one is known: it is dated by when it is due, so an order has gone
-- on in time as soon as there is one. An invoice has when the first payment for it came in time.
main_passages as (
    select
        'main' as step_level,
        journey_key as subject_key,
        step_type,
        step,
        cast(type_order as bigint) as step_order,
        reached_date as entered_date,
        1 as entry_number,
        case
            when type_order < last_type_order or is_paid_in_full then 'advanced'
            when is_ended then 'lost'
            else 'open'
        end as outcome,
        (type_order < last_type_order or is_paid_in_full) and not is_next_older as has_converted,
        case when step_type in ('lead', 'opportunity', 'invoice') and type_order < last_type_order then next_date end as converted_date,
        case
            when step_type not in ('lead', 'opportunity') or is_next_older then cast(null as decimal(18, 6))
            when type_order < last_type_order then cast({{ dbt.datediff('reached_date', 'next_date', 'day') }} as decimal(18, 6))
            when is_ended then cast({{ not_negative(dbt.datediff('reached_date', 'ended_date', 'day')) }} as decimal(18, 6))
            else cast({{ not_negative(dbt.datediff('reached_date', business_date(), 'day')) }} as decimal(18, 6))
        end as dwell_days,
        case when type_order < last_type_order then next_date when is_ended then ended_date else {{ business_date() }} end as left_date,
        'default' as schedule_id
    from judged
),

-- What left a stage after the business date is still in it.
stages as (
    select
        opportunity_key,
        stage,
        stage_order,
        entered_at,
        entered_date,
        entry_number,
        dwell_days,
        schedule_id,
        lead(entered_date) over (partition by opportunity_key order by entered_at) as next_entered_date,
        case when left_date <= {{ business_date() }} then left_date end as left_date,
        case when left_date > {{ business_date() }} then 'open' else exit_type end as exit_type
    from {{ ref('fct_opportunity_stage_events') }}
    where entered_date <= {{ business_date() }}
),

-- A deal has gone on from a stage when it enters a later one or is won, also after it had gone back. One that was closed in
-- between goes on when it is opened again; one that was won nobody knows when has gone on all the same.
going_on as (
    select
        opportunity_key,
        entered_at,
        min(
            case
                when exit_type = 'won' then left_date
                when exit_type in ('advanced', 'moved') then next_entered_date
            end
        ) over (partition by opportunity_key, stage) as converted_date,
        max(case when exit_type = 'won' then 1 else 0 end) over (partition by opportunity_key, stage) = 1 as is_won
    from stages
),

stage_passages as (
    select
        'stage' as step_level,
        stages.opportunity_key as subject_key,
        'stage' as step_type,
        stages.stage as step,
        stages.stage_order as step_order,
        stages.entered_date,
        stages.entry_number,
        case
            when stages.exit_type in ('moved', 'won') then 'advanced'
            when stages.exit_type = 'reopened' then 'regressed'
            else stages.exit_type
        end as outcome,
        going_on.converted_date is not null or going_on.is_won as has_converted,
        going_on.converted_date,
        stages.dwell_days,
        coalesce(stages.left_date, {{ business_date() }}) as left_date,
        stages.schedule_id
    from stages
    inner join going_on
        on stages.opportunity_key = going_on.opportunity_key and stages.entered_at = going_on.entered_at
),

united as (
    select * from main_passages
    union all
    select * from stage_passages
)

select
    united.step_level,
    united.subject_key,
    united.step_type,
    united.step,
    united.step_order,
    united.entered_date,
    united.entry_number,
    united.outcome,
    united.entry_number = 1 as is_first,
    united.has_converted
    and coalesce({{ dbt.datediff('united.entered_date', 'united.converted_date', 'day') }}, 0) <= settings.maturity_days
        as is_converted_in_time,
    united.dwell_days,
    case
        when united.dwell_days is not null then {{ not_negative(business_days_between('entered_day', 'left_day')) }}
    end as dwell_workdays,
    united.outcome <> 'open' as is_over
from united
cross join settings
{{ business_day_join('entered_day', '', 'united.schedule_id', 'united.entered_date') }}
{{ business_day_join('left_day', '', 'united.schedule_id', 'united.left_date') }}
where united.entered_date is not null
