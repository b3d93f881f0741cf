-- What a rule judges by now that is no old news. The newest period is the one for which any member can be judged; a median of a cohort is
-- known for each member in its own time.
with
judged as (
    select
        periods.*,
        rules.priority,
        rules.kind,
        rules.severity,
        rules.owner,
        rules.playbook_id,
        rules.direction,
        rules.compared_with,
        rules.threshold_value,
        rules.threshold_rate,
        rules.threshold_pp,
        rules.metric_name_en,
        rules.metric_name_zh,
        rules.unit,
        rules.allows_late,
        {{ alert_rule_terms('rules') }} as rule_terms,
        case when goals.target_id is null then '' else {{ goal_terms('goals') }} end as goal_terms,
        max(periods.period_start_date) over (
            partition by
                periods.rule_id,
                case when rules.aggregation = 'median' or rules.metric_id = 'stage_stalled_rate' then periods.dimension_value end
        ) as newest_start_date
    from {{ ref('int_alert_periods_judged') }} as periods
    inner join {{ ref('int_alert_rules_defined') }} as rules on periods.rule_id = rules.rule_id
    left join {{ ref('int_targets_defined') }} as goals
        on periods.dimension_name = 'target' and periods.dimension_value = goals.target_id
    where
        rules.rule_state = 'on'
        -- what nobody has had figures of for so long is no news
        and periods.period_end_date + rules.matures_after_days + rules.wait_days
        + {{ window_of('periods.period_grain', {'day': 14, 'week': 28, 'month': 62, 'quarter': 184}) }} > {{ business_date() }}
)

select
    judged.*,
    period_start_date = newest_start_date as is_newest
from judged
