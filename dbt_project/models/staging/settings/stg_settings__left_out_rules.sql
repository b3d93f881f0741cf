select
    rule_number,
    line_number,
    rule_id,
    name_en,
    name_zh,
    owner,
    coalesce(rule_state, 'on') as rule_state,
    part,
    mistake
from {{ source('settings', 'left_out_rules') }}
