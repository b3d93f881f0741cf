-- Attributes are called as in the contract; the marts have names of their own.
select
    case attribute
        when 'name' then 'customer_name'
        when 'region' then 'region_key'
        when 'province' then 'province_key'
        when 'owner_rep_id' then 'owner_rep_key'
        when 'addressable' then 'is_addressable'
        when 'contact_employer' then 'customer_key'
        when 'contact_title' then 'title'
        else attribute
    end as attribute,
    rule as survivorship_rule,
    source,
    cast(source_rank as integer) as source_rank
from {{ source('settings', 'survivorship') }}
