-- Which customers are in which segments and carry which tags, on every day on which a condition turned. A clause holds
-- when all its conditions do, a segment when any of its clauses does. A condition that is negated holds for whoever does
-- not meet it, and so for a customer who has no such value. A customer whom all of its sources deleted is in none.
with
profiles as (
    select * from {{ ref('int_customer_days_profiled') }}
),

tiers as (
    select * from {{ ref('int_customer_days_tiered') }}
),

attributes as (
    select * from {{ ref('int_customers_dated') }}
),

conditions as (
    select * from {{ ref('stg_settings__segment_conditions') }}
),

-- A list of customers has no history: whoever is on it was always on it.
tagged as (
    select distinct
        records.customer_key,
        listed.tag_id
    from {{ ref('stg_settings__tagged_customers') }} as listed
    inner join {{ ref('int_customers_identified') }} as records
        on listed.customer_record_key = records.customer_record_key
    where records.customer_key <> 'unknown'
),

customers as (
    select
        profiles.*,
        {% for attribute in customer_attributes() %}
        attributes.{{ attribute }},
        {% endfor %}
        attributes.is_deleted,
        tiers.tier
    from profiles
    inner join tiers
        on profiles.customer_key = tiers.customer_key and profiles.profile_date = tiers.profile_date
    inner join attributes
        on
            profiles.customer_key = attributes.customer_key
            and (attributes.is_first or profiles.profile_date >= attributes.from_date)
            and profiles.profile_date < coalesce(attributes.until_date, {{ the_end() }})
),

valued as (
    select
        customers.customer_key,
        customers.profile_date,
        customers.is_deleted,
        conditions.*,
        {{ fact_named('conditions.condition_name', 'customers') | indent(8) }} as fact_value,
        case conditions.condition_name
            when 'tier' then customers.tier
            {% for attribute in customer_attributes() %}
            when '{{ attribute }}' then cast(customers.{{ attribute }} as {{ dbt.type_string() }})
            {% endfor %}
        end as attribute_value
    from customers
    cross join conditions
),

asked as (
    select
        valued.customer_key,
        valued.profile_date,
        valued.is_deleted,
        valued.segment_id,
        valued.clause_number,
        valued.condition_number,
        valued.is_negated,
        case valued.condition_kind
            when 'fact' then {{ is_within('valued.fact_value', 'valued.operator', 'valued.threshold') | indent(12) }}
            when 'tag' then tagged.customer_key is not null
            else coalesce(valued.attribute_value = valued.allowed_value, false)
        end as is_met
    from valued
    left join tagged
        on
            valued.customer_key = tagged.customer_key
            and valued.condition_name = tagged.tag_id
            and valued.condition_kind = 'tag'
),

answered as (
    select
        customer_key,
        profile_date,
        segment_id,
        clause_number,
        condition_number,
        not is_deleted and (count(*) filter (where is_met) > 0) <> is_negated as holds
    from asked
    group by customer_key, profile_date, is_deleted, segment_id, clause_number, condition_number, is_negated
),

clauses as (
    select
        customer_key,
        profile_date,
        segment_id,
        count(*) = count(*) filter (where holds) as holds
    from answered
    group by customer_key, profile_date, segment_id, clause_number
)

select
    customer_key,
    profile_date,
    segment_id,
    count(*) filter (where holds) > 0 as is_member
from clauses
group by customer_key, profile_date, segment_id
