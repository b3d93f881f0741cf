-- A new row begins where the tier or the rule behind it changes, and where all sources deleted the customer or one took
-- that back; the reason has the numbers of that day.
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

attributes as (
    select * from {{ ref('int_customers_dated') }}
),

-- Each day on which anything turned with what was known of the customer then.
told as (
    select
        days.*,
        attributes.is_deleted,
        days.tier || '/' || days.rule_id || '/' || cast(attributes.is_deleted as {{ dbt.type_string() }}) as content
    from days
    inner join attributes
        on
            days.customer_key = attributes.customer_key
            and (attributes.is_first or days.profile_date >= attributes.from_date)
            and days.profile_date < coalesce(attributes.until_date, {{ the_end() }})
),

compared as (
    select
        told.*,
        lag(content) over (partition by customer_key order by profile_date asc) as content_before
    from told
),

begun as (
    select
        compared.*,
        lead(profile_date) over (partition by customer_key order by profile_date asc) as next_date
    from compared
    where content_before is null or content_before <> content
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
    begun.is_deleted,
    begun.rule_id,
    coalesce(tiers.retention_class, 'standard') as retention_class,
    begun.tier_reason_en,
    begun.tier_reason_zh
from begun
left join tiers on begun.tier = tiers.tier
