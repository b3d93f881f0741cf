-- Rules that look at a metric, with what the registry says about it; what is off is not judged.
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
    coalesce(rules.wait_days, waits.wait_days, 0) as wait_days,
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
where rules.rule_state <> 'off' and rules.metric_id is not null
