select
    customer_key,
    attribute,
    attribute_value,
    source,
    customer_record_key,
    survivorship_rule,
    agreeing_record_count,
    record_count
from {{ ref('int_customer_values_survived') }}
