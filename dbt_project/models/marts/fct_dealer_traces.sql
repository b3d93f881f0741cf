with
moves as (
    select * from {{ ref('int_dealer_moves_united') }}
)

select
    pieces.trace_key,
    pieces.dealer_key,
    pieces.product_key,
    pieces.batch_id,
    pieces.origin_type,
    origins.dealer_order_key,
    origins.line_number,
    origins.store_sale_key as brought_back_sale_key,
    pieces.origin_date,
    pieces.outcome_type,
    outcomes.store_sale_key,
    outcomes.store_key,
    outcomes.dealer_order_key as return_order_key,
    outcomes.line_number as return_line_number,
    pieces.outcome_date,
    pieces.match_rule,
    pieces.units
from {{ ref('int_dealer_lots_ended') }} as pieces
left join moves as origins on pieces.lot_key = origins.move_key
left join moves as outcomes on pieces.out_key = outcomes.move_key
