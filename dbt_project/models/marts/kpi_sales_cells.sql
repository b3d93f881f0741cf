with
cells as (
    select * from {{ ref('int_sales_cells_expected') }}
)

select
    month_start_date,
    product_line,
    region_key,
    cast(net_sales_amount as decimal(18, 4)) as net_sales_amount,
    cast(expected_amount as decimal(18, 4)) as expected_amount,
    cast(net_sales_amount - cast(expected_amount as decimal(18, 4)) as decimal(18, 4)) as deviation_amount,
    cast(z as decimal(18, 4)) as residual_z,
    cast(p_value as decimal(18, 12)) as p_value,
    cast(q_value as decimal(18, 12)) as q_value,
    cast(cell_rank as bigint) as cell_rank,
    coalesce(q_value < {{ var('false_discovery_rate') }}, false) as is_odd
from cells
