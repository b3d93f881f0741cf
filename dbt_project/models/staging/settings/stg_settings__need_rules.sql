select
    rule_id,
    field_id,
    fact,
    cast(priority as bigint) as priority
from {{ source('settings', 'need_rules') }}
