select
    source,
    stage,
    stage_place as stage_order,
    order_basis,
    is_closing,
    closing_basis,
    deal_count
from {{ ref('int_deal_stages_placed') }}
