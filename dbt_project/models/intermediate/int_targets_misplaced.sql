-- Goals that do not fit to others, or that nobody answers for: names sent twice, parents, parts, weights of rates.
with
goals as (
    select * from {{ ref('int_targets_judged') }}
),

sent as (
    select
        target_id,
        source
    from {{ present('int_targets_deduplicated') }}
),

grains as (
    select
        metric_id,
        case
            when position('day' in grains) > 0 then 'day'
            when position('week' in grains) > 0 then 'week'
            when position('month' in grains) > 0 then 'month'
            else 'quarter'
        end as period_grain
    from {{ ref('kpi_metrics') }}
),

overlapping as (
    select distinct
        one.parent_target_id,
        one.scope_dimension,
        one.scope_value
    from goals as one
    inner join goals as other
        on
            one.parent_target_id = other.parent_target_id
            and one.metric_id = other.metric_id
            and one.scope_dimension = other.scope_dimension
            and one.scope_value = other.scope_value
            and one.starts_on <= other.due_on
    where one.target_id < other.target_id and other.starts_on <= one.due_on
)

select
    'goal' as subject_type,
    sent.source || ':' || sent.target_id as subject_id,
    'id_taken' as lint_type,
    cast(null as string) as smart_letter,
    'fault' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'Another goal has the same name and counts instead: of ' || goals.source as message_en,
    '目标编号重复，以「' || goals.source || '」的目标为准' as message_zh
from sent
inner join goals on sent.target_id = goals.target_id
where goals.source <> sent.source
union all
select
    'goal' as subject_type,
    target_id as subject_id,
    'missing_owner' as lint_type,
    cast(null as string) as smart_letter,
    'warning' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'Nobody answers for the goal' as message_en,
    '目标没有责任人' as message_zh
from goals
where nullif(trim(owner), '') is null
union all
select
    'goal' as subject_type,
    goals.target_id as subject_id,
    'unknown_parent' as lint_type,
    cast(null as string) as smart_letter,
    'fault' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'The goal above it is not known: ' || goals.parent_target_id as message_en,
    '上级目标不存在：' || goals.parent_target_id as message_zh
from goals
left join goals as parents on goals.parent_target_id = parents.target_id
where goals.parent_target_id is not null and parents.target_id is null
union all
select
    'goal' as subject_type,
    target_id as subject_id,
    'own_parent' as lint_type,
    cast(null as string) as smart_letter,
    'fault' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'The goal is said to be a part of itself' as message_en,
    '目标的上级是其自身' as message_zh
from goals
where parent_target_id = target_id
union all
select
    'goal' as subject_type,
    goals.target_id as subject_id,
    'outside_parent' as lint_type,
    'T' as smart_letter,
    'warning' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'It runs from ' || cast(goals.starts_on as string) || ' to ' || cast(goals.due_on as string)
    || ', and the goal above it from ' || cast(parents.starts_on as string) || ' to ' || cast(parents.due_on as string) as message_en,
    '目标期为 ' || cast(goals.starts_on as string) || ' 至 ' || cast(goals.due_on as string)
    || '，超出上级目标期 ' || cast(parents.starts_on as string) || ' 至 ' || cast(parents.due_on as string) as message_zh
from goals
inner join goals as parents on goals.parent_target_id = parents.target_id
where
    goals.is_whole and parents.is_whole
    and (goals.starts_on < parents.starts_on or goals.due_on > parents.due_on)
union all
-- Weights would average rates. The weight is not used; the parts are put together by numerators and denominators.
select
    'goal' as subject_type,
    target_id as subject_id,
    'averaged_rate' as lint_type,
    cast(null as string) as smart_letter,
    'fault' as severity,
    weight as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'A weight would average rates: ' || metric_name_en || ' is put together by all numerators over all denominators' as message_en,
    '「' || metric_name_zh || '」不能按权重平均，应以分子合计除以分母合计' as message_zh
from goals
where weight is not null and weight <> 1 and aggregation <> 'sum' and parent_target_id is not null
union all
select
    'goal' as subject_type,
    parent_target_id as subject_id,
    'parts_overlap:' || scope_dimension || '=' || scope_value as lint_type,
    cast(null as string) as smart_letter,
    'warning' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'Two parts of it cover ' || scope_dimension || ' ' || scope_value || ' in the same days: they are counted twice' as message_en,
    '两个下级目标在相同日期都覆盖 ' || scope_dimension || ' ' || scope_value || '，会重复计算' as message_zh
from overlapping
union all
select
    'goal' as subject_type,
    parent_target_id as subject_id,
    'parts_differ:' || scope_dimension as lint_type,
    cast(null as string) as smart_letter,
    'warning' as severity,
    children_target_value as found_value,
    parent_target_value as expected_value,
    'Its ' || cast(child_count as string) || ' parts by ' || scope_dimension || ' come to '
    || {{ number_text('children_target_value') }} || ', a difference of ' || {{ number_text('target_difference_value') }}
    || ' to ' || {{ number_text('parent_target_value') }} as message_en,
    '按 ' || scope_dimension || ' 分解的 ' || cast(child_count as string) || ' 个下级目标合计 '
    || {{ number_text('children_target_value') }} || '，与上级目标 ' || {{ number_text('parent_target_value') }}
    || ' 相差 ' || {{ number_text('target_difference_value') }} as message_zh
from {{ ref('int_targets_cascaded') }}
where target_difference_value <> 0
union all
-- The company's own goals are told of by lint_targets.py, before anything runs; here are those that sources sent.
select
    'goal' as subject_type,
    target_id as subject_id,
    'no_coverage' as lint_type,
    cast(null as string) as smart_letter,
    'warning' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    'It has no pipeline coverage and is left out of that of all goals: no deal has a ' || scope_dimension as message_en,
    '该目标没有管道覆盖倍数，也不计入合计：商机没有 ' || scope_dimension || ' 这一维度' as message_zh
from goals
where
    metric_id = 'net_sales' and is_whole and source <> 'company'
    and not {{ is_of_deals('scope_dimension') }}
union all
select
    'goal' as subject_type,
    goals.target_id as subject_id,
    'no_period' as lint_type,
    'T' as smart_letter,
    'warning' as severity,
    cast(null as decimal(28, 8)) as found_value,
    cast(null as decimal(28, 8)) as expected_value,
    goals.metric_name_en || ' is measured by ' || grains.period_grain || ', and none begins within the goal: it will never have a value'
        as message_en,
    '「' || goals.metric_name_zh || '」按 ' || grains.period_grain || ' 统计，目标期内没有任何周期开始，将始终没有取值' as message_zh
from goals
inner join grains on goals.metric_id = grains.metric_id
where
    goals.is_whole and goals.source <> 'company'
    and {{ period_start_of('grains.period_grain', 'goals.due_on') }} < goals.starts_on
union all
-- What may be more than 1, and is ten times as much, was probably written in percent.
select
    'goal' as subject_type,
    target_id as subject_id,
    'in_percent' as lint_type,
    'M' as smart_letter,
    'warning' as severity,
    goal_value as found_value,
    baseline_value as expected_value,
    'It comes to ' || {{ number_text('goal_value') }} || coalesce(' from ' || {{ number_text('baseline_value') }}, '')
    || '; where percent are meant, 23 % is written 0.23' as message_en,
    '目标值为 ' || {{ number_text('goal_value') }} || coalesce('（基线 ' || {{ number_text('baseline_value') }} || '）', '')
    || '；若指百分数，23% 应写作 0.23' as message_zh
from goals
where
    is_whole and source <> 'company'
    and case
        when {{ is_share('unit', 'metric_id') }} and goal_value > 1 then false
        when target_mode = 'relative_rate' then abs(goal_value - baseline_value) >= 10 * abs(baseline_value) and baseline_value <> 0
        else unit = 'rate' and not {{ is_share('unit', 'metric_id') }} and greatest(abs(goal_value), abs(coalesce(baseline_value, 0))) >= 10
    end
