{#- The 97.5 % point of Student's t by its expansion around the normal's (Abramowitz and Stegun 1964, 26.7.5): 0.7 % low at
    two degrees of freedom, exact to the third place from six on. -#}
{%- set z = 1.959963985 -%}
{%- set student -%}
{{ z }} + {{ (z ** 3 + z) / 4 }} / df + {{ (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 }} / (df * df)
        + {{ (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 }} / (df * df * df)
        + {{ (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160 }} / (df * df * df * df)
{%- endset -%}
-- What a finished action did to its figure: the member's change from the four periods before it was accepted to the four after
-- it was done, less the mean change of the other members in the same periods, where no action was taken then (difference in
-- differences). Shares change in points, everything else by the logarithm of a ratio. The interval is where the change of one
-- more member like the others would lie with 95 %: t(n - 1) × s × sqrt(1 + 1 / n) over n others (Donald and Lang 2007).
-- A level, or a figure that looks back further than its period, moves long after what moved it, and is not measured; nor is what
-- was done where something else was done at that time: whose effect it was cannot be told.
with
-- A metric that has weeks may have a dimension, of many members, by months alone.
grains as (
    select
        metric_id,
        dimension_name,
        case when max(case when period_grain = 'week' then 1 else 0 end) = 1 then 'week' else 'month' end as period_grain
    from {{ ref('kpi_values') }}
    where period_grain in ('week', 'month')
    group by metric_id, dimension_name
),

finished as (
    select
        actions.run_key,
        actions.playbook_id,
        actions.metric_id,
        actions.dimension_name,
        actions.dimension_value,
        actions.accepted_date,
        actions.closed_date,
        metrics.aggregation,
        metrics.unit,
        cast(coalesce(metrics.matures_after_days, 0) as integer) as matures_after_days,
        coalesce(grains.period_grain, case when metrics.grains like '%week%' then 'week' else 'month' end) as period_grain
    from {{ ref('int_actions_followed') }} as actions
    inner join {{ ref('stg_settings__metrics') }} as metrics on actions.metric_id = metrics.metric_id
    left join grains on actions.metric_id = grains.metric_id and actions.dimension_name = grains.dimension_name
    where actions.action_status = 'done' and actions.dimension_name <> 'total'
),

-- The first day of the period in which it was accepted, and of the first one that began after it was done.
windowed as (
    select
        *,
        cast(case period_grain
            when 'week' then date_trunc('week', accepted_date)
            else date_trunc('month', accepted_date)
        end as date) as before_until_date,
        cast(case period_grain
            when 'week' then date_trunc('week', accepted_date) - interval 28 day
            else date_trunc('month', accepted_date) - interval 4 month
        end as date) as before_from_date,
        cast(case period_grain
            when 'week' then date_trunc('week', closed_date) + interval 7 day
            else date_trunc('month', closed_date) + interval 1 month
        end as date) as after_from_date,
        cast(case period_grain
            when 'week' then date_trunc('week', closed_date) + interval 35 day
            else date_trunc('month', closed_date) + interval 5 month
        end as date) as after_until_date
    from finished
),

windows as (
    select
        *,
        after_until_date - 1 + matures_after_days <= {{ business_date() }} as is_due
    from windowed
),

told as (
    select
        windows.run_key,
        windows.aggregation,
        windows.unit,
        figures.dimension_value,
        figures.dimension_value = windows.dimension_value as is_treated,
        figures.period_start_date >= windows.after_from_date as is_after,
        figures.period_start_date,
        figures.numerator,
        figures.denominator,
        figures.value
    from windows
    inner join {{ ref('kpi_values') }} as figures
        on
            windows.metric_id = figures.metric_id
            and windows.period_grain = figures.period_grain
            and windows.dimension_name = figures.dimension_name
            and (
                (windows.before_from_date <= figures.period_start_date and windows.before_until_date > figures.period_start_date)
                or (windows.after_from_date <= figures.period_start_date and windows.after_until_date > figures.period_start_date)
            )
    where figures.is_matured and windows.aggregation <> 'latest'
),

-- Where something was done at that time, be it by another playbook or for another figure, there is no one to compare with.
treated as (
    select
        windows.run_key,
        others.dimension_value,
        max(case when windows.dimension_value = others.dimension_value then 1 else 0 end) as is_overlap
    from windows
    inner join {{ ref('int_actions_followed') }} as others
        on
            windows.dimension_name = others.dimension_name
            and windows.run_key <> others.run_key
            and windows.after_until_date > others.accepted_date
            and coalesce(others.closed_date, {{ business_date() }}) >= windows.before_from_date
    group by windows.run_key, others.dimension_value
),

-- Where a dimension leaves periods out in which a member had nothing, a sum was 0 in them.
lengths as (
    select
        run_key,
        is_after,
        count(distinct period_start_date) as period_count
    from told
    group by run_key, is_after
),

sides as (
    select
        told.run_key,
        told.unit in ('rate', 'ratio') as is_points,
        told.dimension_value,
        told.is_treated,
        told.is_after,
        case when told.aggregation = 'sum' then max(lengths.period_count) else count(told.value) end as period_count,
        cast(case
            when told.aggregation in ('ratio', 'average') then sum(told.numerator) / nullif(sum(told.denominator), 0)
            when told.aggregation = 'sum' then sum(told.value) / max(lengths.period_count)
            else avg(told.value)
        end as decimal(28, 8)) as figure
    from told
    inner join lengths on told.run_key = lengths.run_key and told.is_after = lengths.is_after
    left join treated on told.run_key = treated.run_key and told.dimension_value = treated.dimension_value
    where treated.dimension_value is null
    group by told.run_key, told.unit, told.aggregation, told.dimension_value, told.is_treated, told.is_after
),

-- Who can be compared with afterwards is known before: whose figure there was.
comparable as (
    select
        run_key,
        count(case when is_treated then 1 end) as treated_count,
        count(case when not is_treated then 1 end) as other_count
    from sides
    where not is_after and period_count > 1 and (is_points or figure > 0)
    group by run_key
),

changes as (
    select
        after_it.run_key,
        after_it.is_points,
        after_it.is_treated,
        cast(case
            when after_it.is_points then after_it.figure - before_it.figure
            else ln(cast(after_it.figure / before_it.figure as double))
        end as decimal(18, 8)) as change_value
    from sides as after_it
    inner join sides as before_it
        on
            after_it.run_key = before_it.run_key
            and after_it.dimension_value = before_it.dimension_value
            and not before_it.is_after
    where
        after_it.is_after
        and after_it.period_count > 1
        and before_it.period_count > 1
        and (after_it.is_points or (after_it.figure > 0 and before_it.figure > 0))
),

others as (
    select
        run_key,
        count(*) as member_count,
        cast(sum(change_value) as double) / count(*) as mean_change,
        cast(sum(cast(change_value * change_value as decimal(28, 12))) as double) as square_sum,
        cast(count(*) - 1 as double) as df
    from changes
    where not is_treated
    group by run_key
),

spread as (
    select
        *,
        sqrt(greatest(square_sum - member_count * mean_change * mean_change, 0) / df) as deviation,
        {{ student }} as t_value
    from others
    where member_count > 2
),

measured as (
    select
        changes.run_key,
        changes.is_points,
        spread.member_count,
        cast(changes.change_value - spread.mean_change as decimal(18, 8)) as effect,
        cast(spread.t_value * spread.deviation * sqrt(1 + 1.0 / spread.member_count) as decimal(18, 8)) as half_width
    from changes
    inner join spread on changes.run_key = spread.run_key
    where changes.is_treated
),

-- Why there is no effect, the reason that comes first; none where it is measured or may yet be.
reasoned as (
    select
        windows.run_key,
        windows.is_due,
        case
            when windows.aggregation = 'latest' then 'level'
            when together.is_overlap is not null then 'overlap'
            when windows.is_due and measured.effect is not null then null
            when coalesce(comparable.treated_count, 0) = 0 then 'no_figures'
            when comparable.other_count < 3 then 'too_few'
            when not windows.is_due then null
            when afterwards.is_treated is null then 'no_figures'
            else 'too_few'
        end as outcome_reason
    from windows
    left join treated as together on windows.run_key = together.run_key and together.is_overlap = 1
    left join comparable on windows.run_key = comparable.run_key
    left join changes as afterwards on windows.run_key = afterwards.run_key and afterwards.is_treated
    left join measured on windows.run_key = measured.run_key
)

select
    reasoned.run_key,
    case
        when reasoned.outcome_reason is not null then 'not_measurable'
        when reasoned.is_due then 'measured'
        else 'waiting'
    end as outcome_status,
    reasoned.outcome_reason,
    measured.is_points,
    measured.member_count,
    measured.effect,
    measured.half_width
from reasoned
left join measured
    on reasoned.run_key = measured.run_key and reasoned.is_due and reasoned.outcome_reason is null
