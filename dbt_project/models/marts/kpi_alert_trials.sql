{%- set reasons = {
    'en': {
        'no_period': 'the metric has no complete period here',
        'no_goal': 'no goal was under way',
        'nothing': 'every period is compared with 0, and beside nothing no change can be judged',
        'small': 'every period is smaller than the minimum',
        'no_history': 'too little history',
        'no_earlier': 'no period has an earlier one to compare it with',
        'no_goal_now': 'no goal is under way any more',
        'nothing_now': 'the newest period is compared with 0, and beside nothing no change can be judged',
        'small_now': 'the newest period is smaller than the minimum',
        'no_history_now': 'the newest period has too little history of its kind, or no day that counts',
        'no_earlier_now': 'the newest period has no earlier one to compare it with',
    },
    'zh': {
        'no_period': '该指标在此没有完整周期',
        'no_goal': '没有进行中的目标',
        'nothing': '各周期的对比值均为 0，无从计算变化',
        'small': '各周期均低于最小规模',
        'no_history': '历史不足',
        'no_earlier': '没有可对比的更早周期',
        'no_goal_now': '目标均已结束',
        'nothing_now': '最新周期的对比值为 0，无从计算变化',
        'small_now': '最新周期低于最小规模',
        'no_history_now': '最新周期的同类历史不足，或没有有效营业日',
        'no_earlier_now': '最新周期没有可对比的更早周期',
    },
} -%}
-- How often each rule would have fired on each member in the last two years, by what is known today: judged by the lines that judge
-- the newest period. A rule that cannot be judged has one row that says why, and so has a member whose newest period could not be.
with
rules as (
    select * from {{ ref('int_alert_rules_defined') }}
),

limited as (
    select distinct rule_id from {{ ref('stg_settings__alert_members') }}
),

followed as (
    select
        rules.rule_id,
        periods.dimension_value,
        count(*) as period_count,
        max(periods.period_end_date) as newest_end_date
    from rules
    inner join {{ ref('int_alert_periods_followed') }} as periods
        on
            rules.metric_id = periods.metric_id
            and rules.period_grain = periods.period_grain
            and rules.dimension_name = periods.dimension_name
            and periods.is_matured
            and periods.period_end_date + rules.wait_days <= {{ business_date() }}
            and periods.period_end_date > {{ business_date() }} - 731
    left join limited on rules.rule_id = limited.rule_id
    left join {{ ref('stg_settings__alert_members') }} as members
        on rules.rule_id = members.rule_id and periods.dimension_value = members.dimension_value
    where limited.rule_id is null or members.rule_id is not null
    group by rules.rule_id, periods.dimension_value
),

judged as (
    select
        rule_id,
        dimension_value,
        count(*) as compared_count,
        max(period_end_date) as last_compared_date,
        -- beside nothing no change can be judged
        max_by(coalesce(is_beside_nothing, false), period_end_date) as is_last_beside_nothing,
        bool_and(coalesce(is_beside_nothing, false)) as is_always_beside_nothing,
        count(*) filter (where is_large) as judged_count,
        count(*) filter (where is_breach) as breach_count,
        count(*) filter (where is_breach and is_muted) as muted_count,
        count(*) filter (where is_beginning) as alert_count,
        min(case when is_large then period_start_date end) as first_judged_date,
        max(case when is_large then period_end_date end) as last_judged_date,
        max(case when is_beginning then period_start_date end) as last_alert_date
    from {{ ref('int_alert_periods_judged') }}
    group by rule_id, dimension_value
),

opened as (
    select
        rule_id,
        dimension_value,
        period_start_date,
        row_number() over (partition by rule_id, dimension_value order by period_start_date desc) as place
    from {{ ref('int_alert_periods_judged') }}
    where is_beginning
),

dated as (
    select
        rule_id,
        dimension_value,
        {{ joined_text('cast(period_start_date as ' ~ dbt.type_string() ~ ')', ', ', 'place') }} as last_alert_dates
    from opened
    where place <= 5
    group by rule_id, dimension_value
),

tried as (
    select
        rules.priority,
        rules.rule_id,
        rules.rule_name_en,
        rules.rule_name_zh,
        rules.rule_state,
        rules.kind,
        rules.metric_id,
        rules.period_grain,
        rules.dimension_name,
        rules.wait_days,
        coalesce(followed.dimension_value, 'all') as dimension_value,
        coalesce(followed.period_count, 0) as period_count,
        coalesce(judged.judged_count, 0) as judged_count,
        coalesce(judged.breach_count, 0) as breach_count,
        coalesce(judged.muted_count, 0) as muted_count,
        coalesce(judged.alert_count, 0) as alert_count,
        judged.first_judged_date,
        judged.last_judged_date,
        judged.last_alert_date,
        dated.last_alert_dates,
        {% for language, words in reasons.items() %}
        case
            when rules.absent_reason_{{ language }} is not null then rules.absent_reason_{{ language }}
            when followed.rule_id is null then '{{ words.no_period }}'
            when judged.last_judged_date = followed.newest_end_date then null
            when coalesce(judged.judged_count, 0) = 0 and rules.kind = 'pace_behind_target' then '{{ words.no_goal }}'
            when coalesce(judged.judged_count, 0) = 0 and judged.is_always_beside_nothing then '{{ words.nothing }}'
            when coalesce(judged.judged_count, 0) = 0 and judged.compared_count > 0 then '{{ words.small }}'
            when coalesce(judged.judged_count, 0) = 0 and rules.kind = 'seasonal_band' then '{{ words.no_history }}'
            when coalesce(judged.judged_count, 0) = 0 then '{{ words.no_earlier }}'
            when rules.kind = 'pace_behind_target' then '{{ words.no_goal_now }}'
            when judged.last_compared_date = followed.newest_end_date and judged.is_last_beside_nothing then '{{ words.nothing_now }}'
            when judged.last_compared_date = followed.newest_end_date then '{{ words.small_now }}'
            when rules.kind = 'seasonal_band' then '{{ words.no_history_now }}'
            else '{{ words.no_earlier_now }}'
        end as not_judged_reason_{{ language }},
        {% endfor %}
        rules.false_rate * coalesce(judged.judged_count, 0) as expected_false_count
    from rules
    left join followed on rules.rule_id = followed.rule_id
    left join judged on followed.rule_id = judged.rule_id and followed.dimension_value = judged.dimension_value
    left join dated on followed.rule_id = dated.rule_id and followed.dimension_value = dated.dimension_value
),

-- A stay is judged once: the deal was there when it became too long, or it was not. Where that day is muted it is told on the first
-- day that is not, if the deal is still there then: of one that left on that day no night would have told.
muted_days as (
    select
        rule_id,
        date_day,
        max(date_day) over (partition by rule_id, spell_date) + 1 as told_date
    from (
        select
            rule_id,
            date_day,
            date_day - cast(row_number() over (partition by rule_id order by date_day) as integer) as spell_date
        from (
            select distinct
                mutes.rule_id,
                dates.date_day
            from {{ ref('stg_settings__alert_mutes') }} as mutes
            inner join {{ ref('dim_dates') }} as dates on dates.date_day between mutes.starts_on and mutes.ends_on
        ) as listed
    ) as placed
),

stays as (
    select
        rules.rule_id,
        stages.stage,
        stages.entered_date,
        coalesce(
            stages.stalled_date <= {{ business_date() }} and stages.stalled_date < coalesce(stages.left_date, {{ the_end() }}), false
        ) as is_breach,
        case
            when coalesce(muted_days.told_date, stages.stalled_date) < coalesce(stages.left_date, {{ the_end() }})
                then coalesce(muted_days.told_date, stages.stalled_date)
        end as told_date
    from {{ ref('stg_settings__alert_rules') }} as rules
    cross join {{ ref('int_opportunity_stages_timed') }} as stages
    inner join {{ ref('fct_opportunities') }} as opportunities on stages.opportunity_key = opportunities.opportunity_key
    left join muted_days on rules.rule_id = muted_days.rule_id and stages.stalled_date = muted_days.date_day
    where
        rules.kind = 'stalled_deals'
        and stages.entered_date between {{ business_date() }} - 730 and {{ business_date() }}
        and (rules.minimum_volume is null or opportunities.amount >= rules.minimum_volume)
),

told_days as (
    select
        rule_id,
        stage,
        {{ joined_text('cast(told_date as ' ~ dbt.type_string() ~ ')', ', ', 'place') }} as last_alert_dates
    from (
        select
            rule_id,
            stage,
            told_date,
            row_number() over (partition by rule_id, stage order by told_date desc) as place
        from stays
        where is_breach and told_date <= {{ business_date() }}
        group by rule_id, stage, told_date
    ) as listed
    where place <= 5
    group by rule_id, stage
),

counted as (
    select
        rule_id,
        stage,
        count(*) as stay_count,
        count(*) filter (where is_breach) as breach_count,
        count(*) filter (where is_breach and told_date <= {{ business_date() }}) as alert_count,
        min(entered_date) as first_judged_date,
        max(entered_date) as last_judged_date,
        max(case when is_breach and told_date <= {{ business_date() }} then told_date end) as last_alert_date
    from stays
    group by rule_id, stage
),

stalled as (
    select
        rules.priority,
        rules.rule_id,
        rules.rule_name_en,
        rules.rule_name_zh,
        rules.rule_state,
        rules.kind,
        rules.metric_id,
        rules.period_grain,
        'stage' as dimension_name,
        0 as wait_days,
        coalesce(counted.stage, 'all') as dimension_value,
        coalesce(counted.stay_count, 0) as period_count,
        coalesce(counted.stay_count, 0) as judged_count,
        coalesce(counted.breach_count, 0) as breach_count,
        coalesce(counted.breach_count - counted.alert_count, 0) as muted_count,
        coalesce(counted.alert_count, 0) as alert_count,
        counted.first_judged_date,
        counted.last_judged_date,
        counted.last_alert_date,
        told_days.last_alert_dates,
        case when counted.rule_id is null then 'no deal was in any stage' end as not_judged_reason_en,
        case when counted.rule_id is null then '没有商机处于任何阶段' end as not_judged_reason_zh,
        cast(null as decimal(28, 8)) as expected_false_count
    from {{ ref('stg_settings__alert_rules') }} as rules
    left join counted on rules.rule_id = counted.rule_id
    left join told_days on counted.rule_id = told_days.rule_id and counted.stage = told_days.stage
    where rules.kind = 'stalled_deals' and rules.rule_state <> 'off'
),

united as (
    select * from tried
    union all
    select * from stalled
)

select
    united.rule_id,
    united.rule_name_en,
    united.rule_name_zh,
    united.rule_state,
    united.kind,
    united.metric_id,
    united.period_grain,
    united.dimension_name,
    united.dimension_value,
    cast(united.wait_days as bigint) as wait_days,
    coalesce(members.member_name_en, united.dimension_value) as dimension_value_en,
    coalesce(members.member_name_zh, united.dimension_value) as dimension_value_zh,
    cast(united.period_count as bigint) as period_count,
    cast(united.judged_count as bigint) as judged_count,
    cast(united.breach_count as bigint) as breach_count,
    cast(united.muted_count as bigint) as muted_count,
    cast(united.alert_count as bigint) as alert_count,
    united.first_judged_date,
    united.last_judged_date,
    united.last_alert_date,
    united.last_alert_dates,
    cast(united.expected_false_count as decimal(18, 8)) as expected_false_count,
    united.not_judged_reason_en,
    united.not_judged_reason_zh,
    cast(united.priority as bigint) as rule_order
from united
left join {{ ref('int_alert_members_named') }} as members
    on united.dimension_name = members.dimension_name and united.dimension_value = members.dimension_value
