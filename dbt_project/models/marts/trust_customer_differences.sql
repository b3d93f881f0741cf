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
        cast({{ attribute }} as {{ dbt.type_string() }}) as attribute_value
    from records
    where {{ attribute }} is not null
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

survived as (
    select * from {{ ref('int_customer_values_survived') }}
),

disputed as (
    select
        customer_key,
        attribute,
        count(distinct attribute_value) as value_count
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
    told.customer_record_key = survived.customer_record_key as is_taken,
    told.attribute_value = survived.attribute_value as is_agreeing,
    survived.attribute_value as taken_value,
    disputed.value_count
from told
inner join disputed on told.customer_key = disputed.customer_key and told.attribute = disputed.attribute
inner join survived on told.customer_key = survived.customer_key and told.attribute = survived.attribute
