-- What each record says about its customer, and of each attribute the record that counts.
{%- set attributes = [
    'customer_name', 'uscc', 'industry', 'region_key', 'province_key', 'city', 'size_band', 'owner_rep_key',
    'is_addressable',
] %}
with
records as (
    select * from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown'
),

rules as (
    select * from {{ ref('stg_settings__survivorship') }}
    where source is null
),

-- Sources that are not named speak after those that are.
preferred as (
    select * from {{ ref('stg_settings__survivorship') }}
    where source is not null
),

said as (
    {% for attribute in attributes %}
    select
        customer_key,
        customer_record_key,
        source,
        record_rank,
        is_deleted,
        '{{ attribute }}' as attribute,
        cast({{ attribute }} as {{ dbt.type_string() }}) as attribute_value
    from records
    where {{ attribute }} is not null
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

counted as (
    select
        said.*,
        count(*) over (partition by customer_key, attribute, attribute_value) as agreeing_record_count,
        count(*) over (partition by customer_key, attribute) as record_count
    from said
),

ranked as (
    select
        counted.*,
        coalesce(rules.survivorship_rule, 'newest') as survivorship_rule,
        row_number() over (
            partition by counted.customer_key, counted.attribute
            order by
                counted.is_deleted asc,
                preferred.source_rank asc nulls last,
                case when rules.survivorship_rule = 'most_common' then -counted.agreeing_record_count else 0 end asc,
                case when rules.survivorship_rule = 'oldest' then -counted.record_rank else counted.record_rank end asc
        ) as value_rank
    from counted
    left join rules on counted.attribute = rules.attribute
    left join preferred on counted.source = preferred.source and counted.attribute = preferred.attribute
)

select
    customer_key,
    attribute,
    attribute_value,
    source,
    customer_record_key,
    survivorship_rule,
    agreeing_record_count,
    record_count
from ranked
where value_rank = 1
