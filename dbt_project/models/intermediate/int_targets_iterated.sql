-- A goal in a short cycle: what of a sum is due in it, where on its line a level should be when it ends.
with
windows as (
    select
        iterations.iteration_id,
        iterations.iteration_name_en,
        iterations.iteration_name_zh,
        greatest(iterations.starts_on, targets.starts_on) as window_starts_on,
        least(iterations.ends_on, targets.due_on) as window_ends_on,
        iterations.starts_on,
        iterations.ends_on,
        targets.target_id,
        targets.metric_id,
        targets.scope_dimension,
        targets.scope_value,
        targets.aggregation,
        targets.is_of_one_period,
        targets.combination,
        targets.is_cohort,
        targets.direction,
        targets.baseline_value,
        targets.goal_value,
        targets.upper_value,
        -- the end of the line: of a band the edge that is nearer, and where it was if that lies within
        case
            when targets.direction = 'band' and targets.baseline_value > targets.upper_value then targets.upper_value
            when targets.direction = 'band' and targets.baseline_value > targets.goal_value then targets.baseline_value
            else targets.goal_value
        end as edge_value,
        targets.starts_on as target_starts_on,
        targets.workday_count as target_workday_count
    from {{ ref('stg_settings__iterations') }} as iterations
    inner join {{ ref('int_targets_judged') }} as targets on iterations.target_id = targets.target_id
    where targets.is_whole
),

workdays as (
    select
        windows.iteration_id,
        windows.target_id,
        sum(case when dates.date_day >= windows.window_starts_on then 1 else 0 end) as workday_count,
        count(*) as workday_count_to_end
    from windows
    inner join {{ ref('dim_dates') }} as dates
        on dates.is_workday and dates.date_day between windows.target_starts_on and windows.window_ends_on
    group by windows.iteration_id, windows.target_id
),

-- Two weeks have periods of their own: the quarter or the month that their goal is told by has days of others in it.
cycles as (
    select
        iteration_id,
        target_id,
        metric_id,
        scope_dimension,
        scope_value,
        aggregation,
        is_of_one_period,
        is_of_one_period and combination = 'sum' as is_in_parts,
        is_cohort,
        window_starts_on as starts_on,
        window_ends_on as due_on
    from windows
),

followed as (
    {{ followed_periods('cycles', ['iteration_id', 'target_id']) | indent(4) }}
),

actuals as (
    select
        iteration_id,
        target_id,
        sum(numerator) filter (where is_counted) as numerator,
        sum(denominator) filter (where is_counted) as denominator,
        max_by(value, period_start_date) filter (where is_counted and value is not null) as latest_value,
        max_by(denominator, period_start_date) filter (where is_counted) as latest_denominator,
        bool_or(not is_counted) as is_maturing
    from (
        select
            followed.*,
            -- a cohort counts once it has had its time
            is_matured or not is_cohort as is_counted
        from followed
        where aggregation <> 'median' or period_end_date <= due_on
    ) as timed
    group by iteration_id, target_id
),

measured as (
    select
        windows.*,
        workdays.workday_count,
        case windows.aggregation
            when 'sum'
                then {{ ratio('windows.goal_value * coalesce(workdays.workday_count, 0)', 'windows.target_workday_count') }}
            else
                cast(
                    coalesce(
                        windows.baseline_value + (windows.edge_value - windows.baseline_value)
                        * {{ ratio('workdays.workday_count_to_end', 'windows.target_workday_count') }},
                        windows.edge_value
                    ) as decimal(28, 8)
                )
        end as milestone_value,
        cast(actuals.numerator as decimal(28, 8)) as actual_numerator,
        cast(actuals.denominator as decimal(28, 8)) as actual_denominator,
        {{ has_nothing_left('windows.metric_id', 'actuals.latest_denominator') }} as is_won,
        case
            when {{ has_nothing_left('windows.metric_id', 'actuals.latest_denominator') }} then null
            when windows.aggregation = 'sum' then cast(actuals.numerator as decimal(28, 8))
            when windows.aggregation = 'ratio' then {{ ratio('actuals.numerator', 'actuals.denominator') }}
            else actuals.latest_value
        end as actual_value,
        coalesce(actuals.is_maturing, false) as is_maturing
    from windows
    left join workdays on windows.iteration_id = workdays.iteration_id and windows.target_id = workdays.target_id
    left join actuals on windows.iteration_id = actuals.iteration_id and windows.target_id = actuals.target_id
)

select
    iteration_id,
    target_id,
    iteration_name_en,
    iteration_name_zh,
    metric_id,
    starts_on,
    ends_on,
    cast(coalesce(workday_count, 0) as bigint) as workday_count,
    milestone_value,
    actual_numerator,
    actual_denominator,
    actual_value,
    case
        when window_starts_on > {{ business_date() }} then 'not_started'
        when is_won then 'met'
        when actual_value is null or milestone_value is null then 'no_data'
        when
            {{ reaches(
                'actual_value', 'direction', 'milestone_value',
                outside('actual_value', 'least(goal_value, milestone_value)', 'greatest(upper_value, milestone_value)'),
            ) }}
            and (aggregation <> 'sum' or direction <> 'down' or window_ends_on <= {{ business_date() }})
            then 'met'
        when window_ends_on <= {{ business_date() }} and not is_maturing then 'missed'
        else 'running'
    end as iteration_status
from measured
