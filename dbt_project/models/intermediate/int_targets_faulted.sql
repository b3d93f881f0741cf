{#- What a goal lacks of SMART as its own row shows. The company's own goals were refused for it; a source's are told. -#}
{%- set faults = [
    ('missing_metric', 'S', 'metric_id is null', 'names no metric', '没有指标'),
    ('unknown_metric', 'S', 'metric_id is not null and not is_known_metric', 'names a metric that the registry does not have', '指标不在指标库中'),
    ('missing_target', 'M', 'given_value is null', 'has no value to reach', '没有目标值'),
    ('too_large_target', 'M', 'given_value is not null and baseline_value is not null and goal_value is null', 'asks for a number that is too large', '目标值过大'),
    ('missing_baseline', 'M', 'baseline_value is null', 'has no baseline to start from', '没有基线值'),
    (
        'beyond_one', 'M',
        is_share('unit', 'metric_id') ~ ' and not (goal_value between 0 and 1 and coalesce(baseline_value, 0) between 0 and 1)',
        'has a value that a rate from 0 to 1 never reaches; 23 % is 0.23', '的数值是该比率（0 到 1）永远达不到的；23% 应为 0.23',
    ),
    ('missing_upper', 'M', "direction = 'band' and upper_value is null", 'has no upper end, and its metric belongs into a band', '区间型指标缺少上限'),
    ('nothing_to_reach', 'M', 'baseline_value = goal_value and upper_value is null', 'asks for its baseline: there is nothing to reach', '目标值等于基线值，无需达成'),
    ('missing_relevance', 'R', 'relevance is null', 'does not say why it matters', '没有说明与业务的关联'),
    ('missing_dates', 'T', 'starts_on is null or due_on is null', 'has no first or no last day', '缺少开始或截止日期'),
    ('reversed_dates', 'T', 'due_on <= starts_on', 'does not end after it begins', '截止日期不晚于开始日期'),
] -%}
with
goals as (
    select
        defined.*,
        united.target_value as given_value
    from {{ ref('int_targets_defined') }} as defined
    inner join {{ ref('int_targets_united') }} as united on defined.target_id = united.target_id
)

{% for lint_type, letter, condition, en, zh in faults %}
select
    target_id,
    '{{ lint_type }}' as lint_type,
    '{{ letter }}' as smart_letter,
    '{{ en }}' as fault_en,
    '{{ zh }}' as fault_zh
from goals
where {{ condition }}
{{ "union all" if not loop.last }}
{% endfor %}
