-- Each stage entry with where the deal went next. A deal that comes back to a stage has two entries of it. Systems that write
-- a row whenever anything of a deal changes name its stage again: that is no entry.
with
events as (
    select
        events.*,
        coalesce(events.stage, 'unknown') as stage_name,
        lag(coalesce(events.stage, 'unknown')) over (
            partition by events.opportunity_key order by events.entered_at
        ) as stage_name_before
    from {{ present('int_opportunity_stage_events_deduplicated') }} as events
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

-- A stage without its deal has no end and no owner: it waits for the deal (trust_unknown_references counts it).
sequenced as (
    select
        events.*,
        lag(events.stage_order) over (
            partition by events.opportunity_key order by events.entered_at
        ) as previous_stage_order,
        lead(events.entered_at) over (
            partition by events.opportunity_key order by events.entered_at
        ) as next_entered_at,
        lead(events.stage_order) over (
            partition by events.opportunity_key order by events.entered_at
        ) as next_stage_order,
        row_number() over (
            partition by events.opportunity_key, events.stage_name order by events.entered_at
        ) as entry_number
    from events
    where events.stage_name_before is null or events.stage_name_before <> events.stage_name
),

exited as (
    select
        sequenced.*,
        opportunities.owner_rep_key,
        case
            when sequenced.next_entered_at is not null then sequenced.next_entered_at
            -- A deal cannot close before the stage it closed in; some systems date both by the day.
            when opportunities.opportunity_status in ('won', 'lost') and opportunities.closed_at is not null
                then greatest(opportunities.closed_at, sequenced.entered_at)
        end as left_at,
        case
            when sequenced.next_stage_order > sequenced.stage_order then 'advanced'
            when sequenced.next_stage_order <= sequenced.stage_order then 'regressed'
            -- which of two stages comes first is not known where one of them has no place
            when sequenced.next_entered_at is not null then 'moved'
            when opportunities.opportunity_status in ('won', 'lost') then opportunities.opportunity_status
            else 'open'
        end as exit_type
    from sequenced
    inner join opportunities on sequenced.opportunity_key = opportunities.opportunity_key
)

select
    opportunity_key,
    owner_rep_key,
    source,
    stage_name as stage,
    stage_order,
    entry_number,
    coalesce(previous_stage_order >= stage_order, false) as is_regression,
    amount,
    entered_at,
    recorded_at,
    left_at,
    exit_type,
    -- how long a deal was there that was closed nobody knows when is not known
    case
        when left_at is not null or exit_type = 'open'
            then cast(
                cast(
                    greatest({{ microseconds_between('entered_at', 'coalesce(left_at, ' ~ as_of() ~ ')') }}, 0) as decimal(28, 6)
                ) / {{ one_day() }} as decimal(18, 6)
            )
    end as dwell_days
from exited
