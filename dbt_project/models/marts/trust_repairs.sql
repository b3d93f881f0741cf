select
    repairs.source,
    repairs.entity,
    repairs.column_name,
    repairs.repair_type,
    cast(sum(repairs.row_count) as bigint) as row_count,
    max(loads.extracted_at) as last_load_at
from {{ ref('stg_ledger__repairs') }} as repairs
left join {{ ref('stg_ledger__loads') }} as loads
    on repairs.source = loads.source and repairs.load_id = loads.load_id
group by repairs.source, repairs.entity, repairs.column_name, repairs.repair_type
