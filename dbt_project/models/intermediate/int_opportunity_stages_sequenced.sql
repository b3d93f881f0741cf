-- Each stage entry with where the deal went next. A deal that comes back to a stage has two entries of it. Systems that write
-- a row whenever anything of a deal changes name its stage again: that is no entry. Nor is what a deal is put into when it is
-- closed: how it ended says its status. But it ends a stay, and a deal that is opened again begins another.
with
events as (
    select
        events.*,
        coalesce(events.stage, 'unknown') as stage_name,
        placed.is_closing,
        lag(coalesce(events.stage, 'unknown')) over (partition by events.opportunity_key order by events.entered_at) as stage_name_before,
        case
            when placed.order_basis = 'source' then coalesce(events.stage_order, placed.stage_place)
            else placed.stage_place
        end as place
    from {{ present('int_opportunity_stage_events_deduplicated') }} as events
    inner join {{ ref('int_deal_stages_placed') }} as placed
        on events.source = placed.source and coalesce(events.stage, 'unknown') = placed.stage
),

entries as (
    select
        events.*,
        lead(entered_at) over (partition by opportunity_key order by entered_at) as ended_at,
        lead(_changed_load_id) over (partition by opportunity_key order by entered_at) as ended_load_id
    from events
    where stage_name_before is null or stage_name_before <> stage_name
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

-- A stage without its deal has no end and no owner: it waits for the deal (trust_unknown_references counts it).
sequenced as (
    select
        entries.*,
        lag(place) over (partition by opportunity_key order by entered_at) as previous_place,
        lead(entered_at) over (partition by opportunity_key order by entered_at) as next_entered_at,
        lead(place) over (partition by opportunity_key order by entered_at) as next_place,
        lead(stage_name) over (partition by opportunity_key order by entered_at) as next_stage_name,
        row_number() over (partition by opportunity_key, stage_name order by entered_at) as entry_number
    from entries
    where not is_closing
),

exited as (
    select
        sequenced.*,
        opportunities.owner_rep_key,
        case
            when sequenced.next_entered_at is not null then sequenced.ended_at
            -- A deal cannot close before the stage it closed in; some systems date both by the day.
            when
                opportunities.opportunity_status in ('won', 'lost')
                and coalesce(opportunities.closed_at, sequenced.ended_at) is not null
                then greatest(coalesce(opportunities.closed_at, sequenced.ended_at), sequenced.entered_at)
        end as left_at,
        case
            when sequenced.next_stage_name = sequenced.stage_name then 'reopened'
            when sequenced.next_place > sequenced.place then 'advanced'
            when sequenced.next_place < sequenced.place then 'regressed'
            -- two stages beside each other, or one of which nobody knows where it stands
            when sequenced.next_entered_at is not null then 'moved'
            when opportunities.opportunity_status in ('won', 'lost') then opportunities.opportunity_status
            else 'open'
        end as exit_type,
        case
            when sequenced.next_entered_at is null and opportunities.opportunity_status in ('won', 'lost') then opportunities.learnt_at
        end as closing_learnt_at
    from sequenced
    inner join opportunities on sequenced.opportunity_key = opportunities.opportunity_key
)

select
    opportunity_key,
    owner_rep_key,
    source,
    stage_name as stage,
    place as stage_order,
    entry_number,
    coalesce(previous_place > place, false) as is_regression,
    amount,
    entered_at,
    recorded_at,
    -- of what came last: that it was entered, what followed it, how the deal ended
    greatest({{ learnt_at() }}, {{ learnt_at('ended_load_id') }}, closing_learnt_at) as learnt_at,
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
