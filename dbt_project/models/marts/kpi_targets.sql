with
faults as (
    select
        target_id,
        {{ joined_text('smart_letter', ' ', 'letter_place') }} as smart_faults
    from (
        select distinct
            subject_id as target_id,
            smart_letter,
            position(smart_letter in 'SMART') as letter_place
        from {{ ref('int_goals_linted') }}
        where subject_type = 'goal' and severity = 'fault' and smart_letter is not null
    ) as letters
    group by target_id
)

select
    targets.target_id,
    targets.source,
    targets.target_name_en,
    targets.target_name_zh,
    coalesce(targets.metric_id, 'unknown') as metric_id,
    targets.metric_name_en,
    targets.metric_name_zh,
    targets.unit,
    targets.direction,
    targets.scope_dimension,
    targets.scope_value,
    targets.baseline_value,
    targets.goal_value as target_value,
    targets.upper_value,
    targets.actual_numerator,
    targets.actual_denominator,
    targets.actual_value,
    targets.progress_rate,
    cast(targets.expected_progress_rate as decimal(28, 8)) as expected_progress_rate,
    targets.workday_count,
    targets.passed_workday_count,
    targets.projected_value,
    targets.projection_method,
    targets.projected_status,
    targets.starts_on,
    targets.due_on,
    targets.owner,
    targets.relevance,
    targets.parent_target_id,
    faults.smart_faults is null as is_smart,
    faults.smart_faults,
    targets.target_status as status
from {{ ref('int_targets_judged') }} as targets
left join faults on targets.target_id = faults.target_id
