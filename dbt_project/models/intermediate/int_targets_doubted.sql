-- Goals that numbers speak against: the baseline, the target, and what history says to both.
with
goals as (
    select * from {{ ref('int_targets_judged') }}
),

measured as (
    select
        metric_id,
        dimension_name,
        dimension_value,
        min(case period_grain when 'day' then 1 when 'week' then 2 else 3 end) as coarseness
    from {{ ref('int_kpi_values') }}
    group by metric_id, dimension_name, dimension_value
),

-- Where a sum is known by month alone, a goal from the 5th to the 25th cannot be told apart from its months.
grains as (
    select
        metric_id,
        dimension_name,
        case min(coarseness) when 1 then 'day' when 2 then 'week' else 'month' end as finest_grain
    from measured
    group by metric_id, dimension_name
),

compared as (
    select
        goals.*,
        history.before_value,
        history.year_before_value,
        history.best_value,
        history.best_month_date,
        history.best_grain,
        history.is_by_workdays,
        history.month_count
    from goals
    inner join {{ ref('int_targets_compared') }} as history on goals.target_id = history.target_id
)

select
    'goal' as subject_type,
    goals.target_id as subject_id,
    'not_measured' as lint_type,
    'S' as smart_letter,
    'warning' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'Nothing measures ' || goals.metric_name_en || ' for ' || goals.scope_dimension || ' ' || goals.scope_value as message_en,
    '没有「' || goals.metric_name_zh || '」在' || goals.scope_dimension || ' ' || goals.scope_value || ' 的数值' as message_zh
from goals
left join measured
    on
        goals.metric_id = measured.metric_id
        and goals.scope_dimension = measured.dimension_name
        and goals.scope_value = measured.dimension_value
where goals.metric_name_en is not null and measured.metric_id is null
union all
select
    'goal' as subject_type,
    goals.target_id as subject_id,
    'cut_period' as lint_type,
    'T' as smart_letter,
    'warning' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    goals.metric_name_en || ' by ' || goals.scope_dimension || ' is measured by ' || grains.finest_grain
    || ', and the goal begins or ends within one: it will never have a value' as message_en,
    '「' || goals.metric_name_zh || '」分 ' || goals.scope_dimension || ' 仅按 ' || grains.finest_grain
    || ' 统计，而目标期的起止落在周期之中，将始终没有取值' as message_zh
from goals
inner join grains on goals.metric_id = grains.metric_id and goals.scope_dimension = grains.dimension_name
where
    goals.aggregation = 'sum' and not goals.is_of_one_period and grains.finest_grain <> 'day'
    and not {{ is_of_whole_periods('grains.finest_grain', 'goals') }}
union all
-- The company's own goals of this kind are refused by check_targets.py; here are those that sources sent.
select
    'goal' as subject_type,
    goals.target_id as subject_id,
    'cut_period' as lint_type,
    'T' as smart_letter,
    'warning' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    goals.metric_name_en || ' is counted again in each period, and the goal is not exactly one of: ' || metrics.grains
    || ': it will never have a value' as message_en,
    '「' || goals.metric_name_zh || '」在每个周期内重新计数，而目标期并非恰好一个周期（' || metrics.grains
    || '），将始终没有取值' as message_zh
from goals
inner join {{ ref('kpi_metrics') }} as metrics on goals.metric_id = metrics.metric_id
where
    goals.is_of_one_period and goals.due_on >= goals.starts_on
    {% for grain in ['day', 'week', 'month', 'quarter'] %}
    and not (position('{{ grain }}' in metrics.grains) > 0 and {{ is_one_period("'" ~ grain ~ "'", 'goals') }})
    {% endfor %}
union all
select
    'goal' as subject_type,
    target_id as subject_id,
    'baseline_meets' as lint_type,
    'M' as smart_letter,
    'warning' as severity,
    baseline_value as found_value,
    goal_value as expected_value,
    'The baseline ' || {{ number_text('baseline_value') }} || ' reaches the target '
    || {{ number_text('goal_value') }} || ' already' as message_en,
    '基线值 ' || {{ number_text('baseline_value') }} || ' 已达到目标值 ' || {{ number_text('goal_value') }} as message_zh
from goals
where
    is_whole and baseline_value is not null and baseline_value <> goal_value
    and {{ reaches('baseline_value', 'direction', 'goal_value', outside('baseline_value', 'goal_value', 'upper_value')) }}
union all
-- A stated baseline that neither the months before nor the year before show, by more than a tenth.
select
    'goal' as subject_type,
    target_id as subject_id,
    'baseline_differs' as lint_type,
    'M' as smart_letter,
    'warning' as severity,
    baseline_value as found_value,
    coalesce(before_value, year_before_value) as expected_value,
    'The baseline is ' || {{ number_text('baseline_value') }}
    || coalesce('; as long a time before it was ' || {{ number_text('before_value') }}, '')
    || coalesce('; a year before it was ' || {{ number_text('year_before_value') }}, '') as message_en,
    '基线值为 ' || {{ number_text('baseline_value') }}
    || coalesce('；此前同样长的时间为 ' || {{ number_text('before_value') }}, '')
    || coalesce('；上年同期为 ' || {{ number_text('year_before_value') }}, '') as message_zh
from compared
where
    baseline_value is not null and coalesce(before_value, year_before_value) is not null
    and abs(baseline_value - coalesce(before_value, year_before_value)) > 0.1 * abs(coalesce(before_value, year_before_value))
    and abs(baseline_value - coalesce(year_before_value, before_value)) > 0.1 * abs(coalesce(year_before_value, before_value))
union all
select
    'goal' as subject_type,
    target_id as subject_id,
    'beyond_best' as lint_type,
    'A' as smart_letter,
    'warning' as severity,
    goal_value as found_value,
    best_value as expected_value,
    'The goal asks for ' || {{ number_text('goal_value') }} || '; the best of ' || cast(month_count as string)
    || ' ' || best_grain
    || case
        when aggregation <> 'sum' then 's reached '
        when is_by_workdays then 's, at its pace for as many workdays, comes to '
        else 's, at its pace for as many days, comes to '
    end
    || {{ number_text('best_value') }} || ' (' || substring(cast(best_month_date as string), 1, 7) || ')' as message_en,
    '目标为 ' || {{ number_text('goal_value') }} || '；历史 ' || cast(month_count as string)
    || case best_grain when 'quarter' then ' 个季度中最好的一个季度（' else ' 个月中最好的一个月（' end
    || substring(cast(best_month_date as string), 1, 7) || '）'
    || case
        when aggregation <> 'sum' then '为 '
        when is_by_workdays then '按同样工作日数折算为 '
        else '按同样天数折算为 '
    end || {{ number_text('best_value') }} as message_zh
from compared
where
    is_whole and month_count >= 3
    and case when direction = 'down' then goal_value < best_value else goal_value > best_value end
