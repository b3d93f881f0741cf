{#- Sellers are left out: their keys are those of one system, so that two systems never name the same one. -#}
{%- set attributes = [
    'customer_name', 'uscc', 'industry', 'region_key', 'province_key', 'city', 'size_band', 'is_addressable',
] %}
with
records as (
    select * from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown' and not is_deleted
),

told as (
    {% for attribute in attributes %}
    select
        customer_key,
        '{{ attribute }}' as attribute,
        customer_record_key,
        source,
        cast({{ attribute }} as {{ dbt.type_string() }}) as attribute_value,
        record_rank
    from records
    where {{ attribute }} is not null
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

disputed as (
    select
        customer_key,
        attribute,
        count(distinct attribute_value) as value_count,
        -- The newest record that has a value is the one that dim_customers takes.
        min_by(attribute_value, record_rank) as taken_value,
        min(record_rank) as taken_rank
    from told
    group by customer_key, attribute
    having count(distinct attribute_value) > 1
)

select
    told.customer_key,
    told.attribute,
    told.customer_record_key,
    told.source,
    told.attribute_value,
    told.record_rank = disputed.taken_rank as is_taken,
    told.attribute_value = disputed.taken_value as is_agreeing,
    disputed.taken_value,
    disputed.value_count
from told
inner join disputed on told.customer_key = disputed.customer_key and told.attribute = disputed.attribute
