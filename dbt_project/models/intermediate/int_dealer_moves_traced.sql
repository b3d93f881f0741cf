-- Which units of a dealer went where, the oldest first: from a line that a dealer ordered, its stock before the first count,
-- or what a buyer brought back, to a sale or a return to us. A batch that both sides name decides: what left with a batch
-- comes from lots of that batch, else from lots whose batch nobody knows, and never from another batch. What left without a
-- batch comes from whatever is left. Nothing comes from a lot of a later day.
with
lots as (
    select
        stock_number,
        batch_id,
        move_number,
        units
    from {{ ref('int_dealer_moves_united') }}
    where is_coming
    union all
    select
        stock_number,
        cast(null as {{ dbt.type_string() }}) as batch_id,
        move_number,
        units
    from {{ ref('int_dealer_stock_opened') }}
),

outs as (
    select
        stock_number,
        batch_id,
        move_number,
        units
    from {{ ref('int_dealer_moves_united') }}
    where not is_coming
),

{{ first_in_first_out(
    'same_batch', 'lots', 'outs', ['stock_number', 'batch_id'], 'batch_id is not null', 'batch_id is not null'
) }},

lots_after_batch as (
    {{ left_of('lots', 'same_batch', 'lot_number', ['stock_number', 'batch_id']) | indent(4) }}
),

outs_after_batch as (
    {{ left_of('outs', 'same_batch', 'out_number', ['stock_number', 'batch_id']) | indent(4) }}
),

{{ first_in_first_out(
    'unknown_lot', 'lots_after_batch', 'outs_after_batch', ['stock_number'], 'batch_id is null', 'batch_id is not null'
) }},

lots_left as (
    {{ left_of('lots_after_batch', 'unknown_lot', 'lot_number', ['stock_number']) | indent(4) }}
),

{{ first_in_first_out('unknown_out', 'lots_left', 'outs', ['stock_number'], 'true', 'batch_id is null') }}

select
    lot_number,
    out_number,
    units,
    'batch' as match_rule
from same_batch
union all
select
    lot_number,
    out_number,
    units,
    'unknown_batch' as match_rule
from unknown_lot
union all
select
    lot_number,
    out_number,
    units,
    'unknown_batch' as match_rule
from unknown_out
