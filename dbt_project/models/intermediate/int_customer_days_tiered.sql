-- Exactly one tier for each customer and day. A rule holds when all its conditions hold; the lowest priority wins.
-- A fact that a customer does not have (no order ever, so no days since it) meets no condition.
with
profiles as (
    select * from {{ ref('int_customer_days_profiled') }}
),

rules as (
    select * from {{ ref('stg_settings__lifecycle_rules') }}
),

conditions as (
    select
        profiles.customer_key,
        profiles.profile_date,
        rules.priority,
        rules.tier,
        rules.rule_id,
        rules.fact,
        rules.operator,
        rules.threshold,
        rules.reason_en,
        rules.reason_zh,
        {{ fact_named('rules.fact', 'profiles') | indent(8) }} as fact_value
    from profiles
    cross join rules
),

judged as (
    select
        conditions.*,
        {{ is_within('fact_value', 'operator', 'threshold') | indent(8) }} as is_met,
        fact || ' = ' || {{ number_text('fact_value') }}
        || case operator when 'at_least' then ' ≥ ' when 'over' then ' > ' when 'at_most' then ' ≤ ' else ' < ' end
        || {{ number_text('threshold') }} as condition_text
    from conditions
),

held as (
    select
        customer_key,
        profile_date,
        rule_id,
        tier,
        min(priority) as priority,
        min(reason_en) as reason_en,
        min(reason_zh) as reason_zh,
        {{ joined_text('condition_text', ', ', 'condition_text') }} as condition_text
    from judged
    group by customer_key, profile_date, rule_id, tier
    having count(*) = count(*) filter (where is_met)
),

ranked as (
    select
        held.*,
        row_number() over (partition by customer_key, profile_date order by priority asc, rule_id asc) as place
    from held
),

-- Whoever meets no rule is in the last tier of the settings.
otherwise as (
    select tier
    from (
        select
            tier,
            row_number() over (order by priority desc, tier asc) as place
        from {{ ref('stg_settings__lifecycle_tiers') }}
    ) as tiers
    where place = 1
)

select
    profiles.customer_key,
    profiles.profile_date,
    coalesce(ranked.tier, otherwise.tier, 'unknown') as tier,
    coalesce(ranked.rule_id, 'otherwise') as rule_id,
    coalesce(ranked.reason_en || ' (' || ranked.condition_text || ')', 'No rule holds') as tier_reason_en,
    coalesce(ranked.reason_zh || '（' || ranked.condition_text || '）', '没有命中任何规则') as tier_reason_zh
from profiles
left join otherwise on 1 = 1
left join ranked
    on
        profiles.customer_key = ranked.customer_key
        and profiles.profile_date = ranked.profile_date
        and ranked.place = 1
