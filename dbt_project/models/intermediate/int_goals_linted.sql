-- Everything that is wrong or unwise in goals: faults (a goal that is not SMART, or is not looked at) and warnings.
with
goals as (
    select * from {{ ref('int_targets_judged') }}
),

compared as (
    select
        goals.*,
        history.before_value,
        history.year_before_value,
        history.best_value,
        history.best_month_date,
        history.month_count
    from goals
    inner join {{ ref('int_targets_compared') }} as history on goals.target_id = history.target_id
),

measured as (
    select distinct
        metric_id,
        dimension_name,
        dimension_value
    from {{ ref('kpi_values') }}
),

sent_twice as (
    select
        target_id,
        source,
        row_number() over (partition by target_id order by source) as place
    from {{ present('int_targets_deduplicated') }}
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
),

linted as (
    select
        'goal' as subject_type,
        faults.target_id as subject_id,
        faults.lint_type,
        faults.smart_letter,
        'fault' as severity,
        cast(null as decimal(28, 8)) as found_value,
        cast(null as decimal(28, 8)) as expected_value,
        'The goal ' || faults.fault_en as message_en,
        '目标' || faults.fault_zh as message_zh
    from {{ ref('int_targets_faulted') }} as faults
    union all
    select
        'goal' as subject_type,
        sent_twice.source || ':' || sent_twice.target_id as subject_id,
        'id_taken' as lint_type,
        cast(null as string) as smart_letter,
        'fault' as severity,
        cast(null as decimal(28, 8)) as found_value,
        cast(null as decimal(28, 8)) as expected_value,
        'Another goal has the same name and counts instead: of ' || goals.source as message_en,
        '目标编号重复，以「' || goals.source || '」的目标为准' as message_zh
    from sent_twice
    inner join goals on sent_twice.target_id = goals.target_id
    where goals.source <> sent_twice.source
    union all
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
        || case aggregation when 'sum' then ' months, at its pace for as many workdays, comes to ' else ' months reached ' end
        || {{ number_text('best_value') }} || ' (' || substring(cast(best_month_date as string), 1, 7) || ')' as message_en,
        '目标为 ' || {{ number_text('goal_value') }} || '；历史 ' || cast(month_count as string) || ' 个月中最好的一个月（'
        || substring(cast(best_month_date as string), 1, 7) || '）'
        || case aggregation when 'sum' then '按同样工作日数折算为 ' else '为 ' end || {{ number_text('best_value') }} as message_zh
    from compared
    where
        is_whole and month_count >= 3
        and case when direction = 'down' then goal_value < best_value else goal_value > best_value end
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
    where goals.starts_on < parents.starts_on or goals.due_on > parents.due_on
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
    select
        subject_type,
        subject_id,
        lint_type,
        cast(null as string) as smart_letter,
        'warning' as severity,
        cast(null as decimal(28, 8)) as found_value,
        cast(null as decimal(28, 8)) as expected_value,
        message_en,
        message_zh
    from {{ ref('stg_settings__goal_lints') }}
)

select
    subject_type,
    subject_id,
    lint_type,
    smart_letter,
    severity,
    found_value,
    expected_value,
    message_en,
    message_zh
from linted
