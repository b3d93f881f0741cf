-- A new row begins where the tier or the rule behind it changes; the reason has the numbers of that day.
with
days as (
    select * from {{ ref('int_customer_days_tiered') }}
),

tiers as (
    select
        tiers.*,
        priority = max(priority) over () as is_last_tier
    from {{ ref('stg_settings__lifecycle_tiers') }} as tiers
),

compared as (
    select
        days.*,
        lag(tier || '/' || rule_id) over (partition by customer_key order by profile_date asc) as before
    from days
),

begun as (
    select
        compared.*,
        lead(profile_date) over (partition by customer_key order by profile_date asc) as next_date
    from compared
    where before is null or before <> tier || '/' || rule_id
)

select
    begun.customer_key,
    begun.profile_date as valid_from_date,
    begun.next_date - 1 as valid_to_date,
    begun.next_date is null as is_current,
    begun.tier,
    coalesce(tiers.tier_name_en, begun.tier) as tier_name_en,
    coalesce(tiers.tier_name_zh, begun.tier) as tier_name_zh,
    tiers.priority as tier_priority,
    coalesce(tiers.is_last_tier, false) as is_last_tier,
    begun.rule_id,
    coalesce(tiers.retention_class, 'standard') as retention_class,
    begun.tier_reason_en,
    begun.tier_reason_zh
from begun
left join tiers on begun.tier = tiers.tier
