with
records as (
    select * from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown'
),

-- Each attribute comes from the record that speaks for it (golden_record in identity.yml).
survived as (
    select
        customer_key,
        {% for attribute in [
            'customer_name', 'uscc', 'industry', 'region_key', 'province_key', 'city', 'size_band', 'owner_rep_key',
        ] %}
        {{ value_of(attribute) }} as {{ attribute }},
        {% endfor %}
        {{ value_of('is_addressable') }} = 'true' as is_addressable
    from {{ ref('int_customer_values_survived') }}
    group by customer_key
),

counted as (
    select
        customer_key,
        min(created_at) as created_at,
        count(*) as source_record_count,
        min(case when is_deleted then 1 else 0 end) = 1 as is_deleted
    from records
    group by customer_key
),

merged as (
    select
        counted.*,
        survived.customer_name,
        survived.uscc,
        survived.industry,
        survived.region_key,
        survived.province_key,
        survived.city,
        survived.size_band,
        survived.owner_rep_key,
        survived.is_addressable
    from counted
    left join survived on counted.customer_key = survived.customer_key
),

profiles as (
    select * from {{ ref('int_customers_profiled') }}
),

tiers as (
    select * from {{ ref('int_customer_days_tiered') }}
    where profile_date = {{ business_date() }}
),

known as (
    select
        merged.customer_key,
        coalesce(merged.customer_name, merged.customer_key) as customer_name,
        merged.uscc,
        merged.industry,
        coalesce(merged.region_key, 'unknown') as region_key,
        merged.province_key,
        merged.city,
        merged.size_band,
        coalesce(merged.owner_rep_key, 'unknown') as owner_rep_key,
        merged.created_at,
        tiers.tier,
        tiers.tier_reason_en,
        tiers.tier_reason_zh,
        profiles.first_order_date,
        profiles.last_order_date,
        profiles.last_active_at,
        profiles.last_active_channel,
        -- Nobody said that the customer may not be sold to.
        coalesce(merged.is_addressable, true) as is_addressable,
        merged.source_record_count,
        merged.is_deleted
    from merged
    inner join profiles on merged.customer_key = profiles.customer_key
    inner join tiers on merged.customer_key = tiers.customer_key
),

unknown as (
    select
        'unknown' as customer_key,
        'unknown' as customer_name,
        cast(null as {{ dbt.type_string() }}) as uscc,
        cast(null as {{ dbt.type_string() }}) as industry,
        'unknown' as region_key,
        cast(null as {{ dbt.type_string() }}) as province_key,
        cast(null as {{ dbt.type_string() }}) as city,
        cast(null as {{ dbt.type_string() }}) as size_band,
        'unknown' as owner_rep_key,
        cast(null as timestamp) as created_at,
        'unknown' as tier,
        'not a customer' as tier_reason_en,
        '不是客户' as tier_reason_zh,
        cast(null as date) as first_order_date,
        cast(null as date) as last_order_date,
        cast(null as timestamp) as last_active_at,
        cast(null as {{ dbt.type_string() }}) as last_active_channel,
        false as is_addressable,
        cast(0 as bigint) as source_record_count,
        false as is_deleted
)

select * from known
union all
select * from unknown
