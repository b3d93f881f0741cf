-- What each record says about its customer, and of each attribute the record that counts.
{%- set attributes = [
    'customer_name', 'uscc', 'industry', 'region_key', 'province_key', 'city', 'size_band', 'owner_rep_key',
    'is_addressable',
] %}
{%- set columns = ['customer_key', 'customer_record_key', 'source', 'record_rank', 'is_deleted', 'has_date'] %}
with
records as (
    select * from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown'
),

said as (
    {{ said_of('records', attributes, columns) | indent(4) }}
),

survived as (
    {{ survived('said', ['customer_key']) | indent(4) }}
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
from survived
