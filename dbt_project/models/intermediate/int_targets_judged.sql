-- How far a goal is, and whether that is far enough.
with
standing as (
    select
        targets.*,
        paces.workday_count,
        paces.passed_workday_count,
        paces.pace_count,
        paces.passed_pace_count,
        coalesce(paces.expected_progress_rate, 0) as expected_progress_rate,
        measured.actual_numerator,
        measured.actual_denominator,
        measured.actual_value,
        measured.projected_value,
        measured.projection_method,
        coalesce(measured.is_won, false) as is_won,
        coalesce(measured.is_begun, false) as is_begun,
        coalesce(measured.is_final, false) as is_final,
        -- A sum that should stay low has not done so before it is over: it is judged by where it will end.
        case
            when targets.aggregation = 'sum' and targets.direction = 'down' then measured.projected_value
            else measured.actual_value
        end as standing_value
    from {{ ref('int_targets_defined') }} as targets
    left join {{ ref('int_targets_paced') }} as paces on targets.target_id = paces.target_id
    left join {{ ref('int_targets_measured') }} as measured on targets.target_id = measured.target_id
),

distances as (
    select
        standing.*,
        {{ outside('standing_value', 'goal_value', 'upper_value') }} as outside_value,
        {{ outside('projected_value', 'goal_value', 'upper_value') }} as projected_outside_value,
        {{ outside('baseline_value', 'goal_value', 'upper_value') }} as baseline_outside_value,
        -- Where a level should be by now: on the straight line from the baseline, without one at the goal already.
        coalesce(
            baseline_value + {{ ratio('(goal_value - baseline_value) * passed_pace_count', 'pace_count') }}, goal_value
        ) as expected_value
    from standing
),

progressed as (
    select
        distances.*,
        case
            when direction = 'band' and baseline_outside_value > 0
                then cast(1 - {{ ratio('outside_value', 'baseline_outside_value') }} as decimal(28, 8))
            when direction = 'band' then cast(case when outside_value = 0 then 1 else 0 end as decimal(28, 8))
            when direction = 'down' and baseline_value <> goal_value
                then {{ ratio('baseline_value - standing_value', 'baseline_value - goal_value') }}
            -- Without a baseline a lower-is-better goal is only met or not.
            when direction = 'down' then cast(case when standing_value <= goal_value then 1 else 0 end as decimal(28, 8))
            else {{ ratio('standing_value', 'goal_value') }}
        end as progress_rate,
        {{ reaches('standing_value', 'direction', 'goal_value', 'outside_value') }}
        and (is_final or aggregation <> 'sum' or direction <> 'down') as is_met,
        {{ reaches('projected_value', 'direction', 'goal_value', 'projected_outside_value') }} as is_projected_met,
        case
            -- A sum grows with the days; a rate, a mean or a level is all there from the first day on.
            when aggregation = 'sum' and direction = 'up' then {{ ratio('standing_value', 'goal_value') }} >= expected_progress_rate
            when direction = 'band' and baseline_outside_value > 0
                then outside_value <= baseline_outside_value * (1 - expected_progress_rate)
            when direction = 'band' then outside_value = 0
            when aggregation = 'sum' then standing_value <= goal_value
            when direction = 'down' then standing_value <= expected_value
            else standing_value >= expected_value
        end as is_on_pace
    from distances
)

select
    target_id,
    source,
    target_name_en,
    target_name_zh,
    metric_id,
    metric_name_en,
    metric_name_zh,
    unit,
    direction,
    aggregation,
    is_of_one_period,
    combination,
    is_cohort,
    scope_dimension,
    scope_value,
    baseline_value,
    goal_value,
    upper_value,
    target_mode,
    starts_on,
    due_on,
    owner,
    relevance,
    parent_target_id,
    weight,
    workday_count,
    passed_workday_count,
    expected_progress_rate,
    actual_numerator,
    actual_denominator,
    actual_value,
    case when actual_value is not null then progress_rate end as progress_rate,
    projected_value,
    projection_method,
    is_whole,
    case
        when not is_whole then 'no_data'
        when not is_begun then 'not_started'
        when is_won then 'met'
        when actual_value is null then 'no_data'
        when is_met then 'met'
        when is_final then 'missed'
        when is_on_pace then 'on_track'
        else 'behind'
    end as target_status,
    case
        when is_begun and is_won then 'meets'
        when projected_value is null then 'unknown'
        when is_projected_met then 'meets'
        else 'misses'
    end as projected_status
from progressed
