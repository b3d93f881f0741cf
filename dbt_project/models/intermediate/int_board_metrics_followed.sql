-- Every metric of the board with its last whole period and the goal of the whole company that is under way. What coverage covers
-- are sales goals: without a goal of its own it is met where nothing is missing to them.
with
metrics as (
    select * from {{ ref('kpi_metrics') }}
    where is_on_board
),

-- A board is looked at by month; what has no months is told by the week, the quarter or the day.
periods as (
    select
        kpis.metric_id,
        kpis.period_grain,
        kpis.period_start_date,
        kpis.numerator,
        kpis.denominator,
        kpis.value,
        row_number() over (
            partition by kpis.metric_id
            order by
                case kpis.period_grain when 'month' then 1 when 'week' then 2 when 'quarter' then 3 when 'day' then 4 else 5 end asc,
                kpis.period_start_date desc
        ) as place
    from {{ ref('kpi_values') }} as kpis
    where kpis.dimension_name = 'total' and kpis.is_matured and kpis.period_start_date <= {{ business_date() }}
),

-- One that is over waits for cohorts that have not had their time: what it came to is on the board once.
goals as (
    select
        targets.*,
        row_number() over (
            partition by targets.metric_id
            order by
                case
                    when targets.due_on < {{ business_date() }} then 2
                    when targets.target_status = 'not_started' then 3
                    else 1
                end asc,
                targets.due_on asc,
                targets.target_id asc
        ) as place
    from {{ ref('int_targets_judged') }} as targets
    inner join metrics on targets.metric_id = metrics.metric_id
    where
        targets.is_whole
        and targets.scope_dimension = 'total'
        and targets.due_on + {{ days_to_mature('metrics', 'targets.actual_value') }} >= {{ business_date() }}
),

part_goals as (
    select
        metric_id,
        count(*) as part_goal_count
    from {{ ref('int_targets_judged') }}
    where is_whole and scope_dimension <> 'total' and {{ business_date() }} between starts_on and due_on
    group by metric_id
)

select
    metrics.metric_id,
    metrics.number,
    metrics.name_en,
    metrics.name_zh,
    metrics.unit,
    metrics.direction,
    periods.period_grain,
    periods.period_start_date,
    periods.numerator,
    periods.denominator,
    periods.value,
    goals.target_id,
    goals.goal_value as target_value,
    goals.upper_value,
    goals.actual_value,
    goals.progress_rate,
    goals.expected_progress_rate,
    goals.projected_value,
    goals.projection_method,
    goals.projected_status,
    goals.starts_on,
    goals.due_on,
    case
        when goals.target_status is not null then goals.target_status
        when {{ has_nothing_left('metrics.metric_id', 'periods.denominator') }} then 'met'
        else 'no_target'
    end as target_status,
    coalesce(part_goals.part_goal_count, 0) as part_goal_count
from metrics
left join periods on metrics.metric_id = periods.metric_id and periods.place = 1
left join goals on metrics.metric_id = goals.metric_id and goals.place = 1
left join part_goals on metrics.metric_id = part_goals.metric_id
