-- The tier of a customer on the last day of the period, unless its sources had deleted it by then.
select
    getvariable('last_date') as row_date,
    tiers.customer_key,
    customers.customer_name,
    customers.industry,
    customers.region_key,
    customers.size_band,
    tiers.tier,
    tiers.tier_name_en,
    tiers.tier_name_zh,
    tiers.valid_from_date,
    case when tiers.is_last_tier then 1 else 0 end as is_dormant
from dim_customer_tiers as tiers
join dim_customers as customers on tiers.customer_key = customers.customer_key
where
    getvariable('last_date') between tiers.valid_from_date and coalesce(tiers.valid_to_date, getvariable('business_date'))
    and not tiers.is_deleted
