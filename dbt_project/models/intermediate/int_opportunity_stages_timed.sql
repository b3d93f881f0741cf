{%- set is_end_known = "(stages.left_at is not null or stages.exit_type = 'open')" -%}
-- How long each stay in a stage took, in business time too, and from which day on the deal had been in the stage too long.
-- What a deal spent in the stage before counts: going back and forth starts no new count.
with
stages as (
    select
        stages.*,
        {{ schedule_of('schedules') }} as schedule_id,
        case when {{ is_end_known }} then coalesce(stages.left_at, {{ as_of() }}) end as ended_at,
        {{ business_date_of('stages.entered_at') }} as entered_date,
        {{ business_date_of('stages.left_at') }} as left_date,
        -- a stay of which nobody knows the end adds no day
        case
            when stages.left_at is not null then {{ business_date_of('stages.left_at') }}
            when {{ is_end_known }} then {{ business_date() }}
            else {{ business_date_of('stages.entered_at') }}
        end as counted_date
    from {{ ref('int_opportunity_stages_sequenced') }} as stages
    left join {{ ref('int_sales_reps_scheduled') }} as schedules on stages.owner_rep_key = schedules.rep_key
),

limits as (
    select * from {{ ref('stg_settings__stall_limits') }}
),

timed as (
    select
        stages.*,
        entered.open_day_number as entered_open_day_number,
        {{ business_seconds_between('stages.entered_at', 'entered', 'stages.ended_at', 'ended') }} as business_seconds,
        greatest(
            {{ dbt.datediff('stages.entered_date', 'stages.counted_date', 'day') }}, 0
        ) as stay_days,
        {{ not_negative(business_days_between('entered', 'counted')) }} as stay_workdays,
        coalesce(own.limit_type, general.limit_type) as limit_type,
        coalesce(own.limit_days, general.limit_days) as limit_days
    from stages
    {{ business_day_join('entered', 'stages.entered_at', 'stages.schedule_id', 'stages.entered_date') | indent(4) }}
    {{ business_day_join('ended', 'stages.ended_at', 'stages.schedule_id') | indent(4) }}
    {{ business_day_join('counted', '', 'stages.schedule_id', 'stages.counted_date') | indent(4) }}
    left join limits as own on stages.stage = own.stage
    left join limits as general on general.stage = '*'
),

summed as (
    select
        timed.*,
        coalesce(sum(stay_days) over (
            partition by opportunity_key, stage order by entered_at rows between unbounded preceding and 1 preceding
        ), 0) as earlier_days,
        coalesce(sum(stay_workdays) over (
            partition by opportunity_key, stage order by entered_at rows between unbounded preceding and 1 preceding
        ), 0) as earlier_workdays
    from timed
),

judged as (
    select
        summed.*,
        case limit_type
            when 'business' then earlier_workdays + stay_workdays > limit_days
            else earlier_days + stay_days > limit_days
        end as is_over,
        -- Days of this stay until the first one that is too many; none where earlier stays had used them up.
        cast(greatest(
            limit_days + 1 - case limit_type when 'business' then earlier_workdays else earlier_days end, 0
        ) as bigint) as days_left
    from summed
)

select
    judged.opportunity_key,
    judged.owner_rep_key,
    judged.schedule_id,
    judged.stage,
    judged.stage_order,
    judged.entry_number,
    judged.is_regression,
    judged.amount,
    judged.entered_at,
    judged.entered_date,
    judged.recorded_at,
    judged.learnt_at,
    judged.left_at,
    judged.left_date,
    judged.exit_type,
    judged.dwell_days,
    cast({{ not_negative('judged.business_seconds') }} / 3600 as decimal(18, 6)) as dwell_business_hours,
    cast(judged.earlier_days + judged.stay_days as bigint) as stage_days,
    cast(judged.earlier_workdays + judged.stay_workdays as bigint) as stage_workdays,
    judged.limit_type,
    judged.limit_days,
    case
        when not judged.is_over then cast(null as date)
        when judged.limit_type = 'business' and judged.days_left > 0 then workdays.date_day
        else cast({{ dbt.dateadd('day', 'judged.days_left', 'judged.entered_date') }} as date)
    end as stalled_date
from judged
left join {{ ref('dim_calendar_hours') }} as workdays
    on
        judged.limit_type = 'business'
        and judged.schedule_id = workdays.schedule_id
        and workdays.is_open
        and workdays.open_day_number = judged.entered_open_day_number + judged.days_left
