select
    contact_key,
    attribute,
    attribute_value,
    source,
    contact_record_key,
    survivorship_rule,
    agreeing_record_count,
    record_count
from {{ ref('int_contact_values_survived') }}
