with
targets as (
    select
        targets.target_id,
        -- a goal that a source sent has no name of its own: it is called by its metric and where it counts
        coalesce(targets.target_name_en, {{ goal_name('metrics.name_en', 'targets') }}) as target_name_en,
        coalesce(targets.target_name_zh, {{ goal_name('metrics.name_zh', 'targets') }}) as target_name_zh,
        targets.metric_id,
        targets.scope_dimension,
        targets.scope_value,
        targets.baseline_value,
        targets.target_value,
        targets.target_mode,
        targets.starts_on,
        targets.due_on,
        targets.owner,
        metrics.name_en as metric_name_en,
        metrics.name_zh as metric_name_zh,
        metrics.direction,
        metrics.aggregation,
        coalesce(metrics.is_cohort, false) as is_cohort,
        -- "15 % more" than a baseline of 20 % is 23 %.
        case targets.target_mode
            when 'relative_rate' then cast(targets.baseline_value * (1 + targets.target_value) as decimal(28, 8))
            else targets.target_value
        end as goal_value
    from {{ ref('int_targets_united') }} as targets
    left join {{ ref('kpi_metrics') }} as metrics on targets.metric_id = metrics.metric_id
),

-- The finest grain of each metric says which days a target covers most exactly.
grains as (
    select
        metric_id,
        period_grain
    from (
        select
            metric_id,
            period_grain,
            row_number() over (
                partition by metric_id
                order by case period_grain when 'day' then 1 when 'week' then 2 when 'month' then 3 when 'quarter' then 4 else 5 end
            ) as place
        from (
            select distinct
                metric_id,
                period_grain
            from {{ ref('int_kpi_values') }}
        ) as listed
    ) as ranked
    where place = 1
),

periods as (
    select
        targets.target_id,
        values_of.period_start_date,
        values_of.numerator,
        values_of.denominator,
        values_of.value
    from targets
    inner join grains on targets.metric_id = grains.metric_id
    inner join {{ ref('int_kpi_values') }} as values_of
        on
            grains.metric_id = values_of.metric_id
            and grains.period_grain = values_of.period_grain
            and targets.scope_dimension = values_of.dimension_name
            and targets.scope_value = values_of.dimension_value
            and values_of.period_start_date between targets.starts_on and targets.due_on
            and values_of.period_start_date <= {{ business_date() }}
            -- A cohort that still has time to convert would pull the rate down.
            and (values_of.is_matured or not targets.is_cohort)
),

actuals as (
    select
        target_id,
        sum(numerator) as summed_value,
        {{ ratio('sum(numerator)', 'sum(denominator)') }} as ratio_value,
        max_by(value, period_start_date) filter (where value is not null) as latest_value
    from periods
    group by target_id
),

paces as (
    select
        targets.target_id,
        {{ ratio('sum(case when dates.date_day <= ' ~ business_date() ~ ' then 1 else 0 end)', 'count(*)') }} as expected_progress_rate
    from targets
    inner join {{ ref('dim_dates') }} as dates
        on dates.is_workday and dates.date_day between targets.starts_on and targets.due_on
    group by targets.target_id
),

measured as (
    select
        targets.*,
        case targets.aggregation
            when 'sum' then cast(actuals.summed_value as decimal(28, 8))
            when 'ratio' then actuals.ratio_value
            else actuals.latest_value
        end as actual_value,
        coalesce(paces.expected_progress_rate, 0) as expected_progress_rate
    from targets
    left join actuals on targets.target_id = actuals.target_id
    left join paces on targets.target_id = paces.target_id
),

progressed as (
    select
        measured.*,
        case
            when direction = 'down' and baseline_value is not null
                then {{ ratio('baseline_value - actual_value', 'baseline_value - goal_value') }}
            -- Without a baseline a lower-is-better goal is only met or not.
            when direction = 'down' then cast(case when actual_value <= goal_value then 1 else 0 end as decimal(28, 8))
            else {{ ratio('actual_value', 'goal_value') }}
        end as progress_rate,
        case when direction = 'down' then actual_value <= goal_value else actual_value >= goal_value end as is_met,
        -- Where a level should be by now: on the straight line from the baseline, without one at the goal already.
        cast(
            coalesce(baseline_value + (goal_value - baseline_value) * expected_progress_rate, goal_value) as decimal(28, 8)
        ) as expected_value
    from measured
)

select
    target_id,
    target_name_en,
    target_name_zh,
    metric_id,
    metric_name_en,
    metric_name_zh,
    scope_dimension,
    scope_value,
    baseline_value,
    goal_value as target_value,
    actual_value,
    case when actual_value is not null then progress_rate end as progress_rate,
    cast(expected_progress_rate as decimal(28, 8)) as expected_progress_rate,
    starts_on,
    due_on,
    owner,
    case
        when actual_value is null or goal_value is null then 'no_data'
        when is_met then 'met'
        -- A sum grows with the days; a rate, a mean or a level is all there from the first day on.
        when aggregation = 'sum' then case when progress_rate >= expected_progress_rate then 'on_track' else 'behind' end
        when direction = 'down' and actual_value <= expected_value then 'on_track'
        when direction <> 'down' and actual_value >= expected_value then 'on_track'
        else 'behind'
    end as status
from progressed
