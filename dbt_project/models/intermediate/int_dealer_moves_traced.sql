-- Which units of a dealer went where, the oldest first: from a line that a dealer ordered, its stock before the first count,
-- or what a buyer brought back, to a sale or a return to us. A batch that both sides name decides: what left with a batch
-- comes from lots of that batch, else from lots whose batch nobody knows, and never from another batch. What left without a
-- batch comes from whatever is left. Nothing comes from a lot of a later day.
{%- set stock_of = ['dealer_key', 'product_key'] %}
with
moves as (
    select * from {{ ref('int_dealer_moves_united') }}
),

lots as (
    select
        move_key as lot_key,
        dealer_key,
        product_key,
        batch_id,
        moved_date,
        moved_at,
        units
    from moves
    where move_type in ('ordered', 'brought_back')
    union all
    select
        'opening:' || dealer_key || '/' || product_key as lot_key,
        dealer_key,
        product_key,
        cast(null as {{ dbt.type_string() }}) as batch_id,
        stock_date as moved_date,
        cast(null as timestamp) as moved_at,
        opening_units as units
    from (
        select
            days.*,
            row_number() over (partition by dealer_key, product_key order by stock_date asc) as place
        from {{ ref('int_dealer_days_balanced') }} as days
    ) as days
    where place = 1 and opening_units > 0
),

outs as (
    select
        move_key as out_key,
        dealer_key,
        product_key,
        batch_id,
        moved_date,
        moved_at,
        units
    from moves
    where move_type in ('sold', 'sent_back')
),

{{ first_in_first_out(
    'same_batch', 'lots', 'outs', stock_of + ['batch_id'], 'batch_id is not null', 'batch_id is not null'
) }},

lots_after_batch as (
    select
        lots.lot_key,
        lots.dealer_key,
        lots.product_key,
        lots.batch_id,
        lots.moved_date,
        lots.moved_at,
        lots.units - coalesce(used.units, 0) as units
    from lots
    left join (
        select
            lot_key,
            sum(units) as units
        from same_batch
        group by lot_key
    ) as used on lots.lot_key = used.lot_key
),

outs_after_batch as (
    select
        outs.out_key,
        outs.dealer_key,
        outs.product_key,
        outs.batch_id,
        outs.moved_date,
        outs.moved_at,
        outs.units - coalesce(served.units, 0) as units
    from outs
    left join (
        select
            out_key,
            sum(units) as units
        from same_batch
        group by out_key
    ) as served on outs.out_key = served.out_key
),

{{ first_in_first_out(
    'unknown_lot', 'lots_after_batch', 'outs_after_batch', stock_of, 'batch_id is null', 'batch_id is not null'
) }},

lots_left as (
    select
        lots.lot_key,
        lots.dealer_key,
        lots.product_key,
        lots.moved_date,
        lots.moved_at,
        lots.units - coalesce(used.units, 0) as units
    from lots_after_batch as lots
    left join (
        select
            lot_key,
            sum(units) as units
        from unknown_lot
        group by lot_key
    ) as used on lots.lot_key = used.lot_key
),

{{ first_in_first_out('unknown_out', 'lots_left', 'outs', stock_of, 'true', 'batch_id is null') }}

select
    lot_key,
    out_key,
    units,
    'batch' as match_rule
from same_batch
union all
select
    lot_key,
    out_key,
    units,
    'unknown_batch' as match_rule
from unknown_lot
union all
select
    lot_key,
    out_key,
    units,
    'unknown_batch' as match_rule
from unknown_out
