-- Rules that look at a metric, with what the registry says about it; what is off is not judged.
select
    rules.*,
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
where rules.rule_state <> 'off' and rules.metric_id is not null
