-- Rules that look at a metric, with what the registry says about it; what is off is not judged.
with
-- Of what more than one in ten periods has nothing of yet, nothing can be said: a rule that allows for late entries waits so long.
beginnings as (
    select
        metric_id,
        period_grain,
        dimension_name,
        max(age_days) + 1 as wait_days
    from {{ ref('int_alert_completeness_measured') }}
    where completeness_rate = 0
    group by metric_id, period_grain, dimension_name
)

select
    rules.rule_id,
    rules.priority,
    rules.kind,
    rules.metric_id,
    rules.target_metric_id,
    rules.period_grain,
    rules.dimension_name,
    rules.direction,
    rules.compared_with,
    rules.threshold_value,
    rules.threshold_rate,
    rules.threshold_pp,
    rules.false_rate,
    rules.band_width,
    rules.minimum_volume,
    coalesce(beginnings.wait_days, rules.wait_days, waits.wait_days, 0) as wait_days,
    rules.allows_late,
    rules.cooldown_days,
    rules.severity,
    rules.owner,
    rules.playbook_id,
    rules.rule_name_en,
    rules.rule_name_zh,
    rules.rule_state,
    metrics.name_en as metric_name_en,
    metrics.name_zh as metric_name_zh,
    metrics.unit,
    metrics.aggregation,
    coalesce(metrics.aggregation in ('sum', 'distinct'), false) as is_additive,
    cast(coalesce(metrics.matures_after_days, 0) as integer) as matures_after_days,
    metrics.absent_reason_en,
    metrics.absent_reason_zh
from {{ ref('stg_settings__alert_rules') }} as rules
left join {{ ref('stg_settings__metrics') }} as metrics on rules.metric_id = metrics.metric_id
left join {{ ref('int_alert_waits_measured') }} as waits
    on
        rules.wait_days is null
        and rules.metric_id = waits.metric_id
        and rules.period_grain = waits.period_grain
        and rules.dimension_name = waits.dimension_name
left join beginnings
    on
        rules.allows_late
        and rules.metric_id = beginnings.metric_id
        and rules.period_grain = beginnings.period_grain
        and rules.dimension_name = beginnings.dimension_name
where rules.rule_state <> 'off' and rules.metric_id is not null
