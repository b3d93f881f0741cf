-- What became of every unit that came to a dealer, and where every unit came from that left it or was counted: one row for
-- each piece, so the pieces of a line or sale sum to its quantity. What was neither sold nor sent back is in stock or
-- missing by the last count of the product: stock is the newest goods, so the oldest are missing first. What came after the
-- last count waits for the next one.
with
moves as (
    select * from {{ ref('int_dealer_moves_united') }}
),

opened as (
    select * from {{ ref('int_dealer_stock_opened') }}
),

traced as (
    select * from {{ ref('int_dealer_moves_traced') }}
),

stocks as (
    select
        numbered.stock_number,
        numbered.dealer_key,
        numbered.product_key,
        dated.last_counted_date,
        dated.counted_units
    from {{ ref('int_dealer_stocks_numbered') }} as numbered
    inner join {{ ref('int_dealer_stock_dated') }} as dated
        on numbered.dealer_key = dated.dealer_key and numbered.product_key = dated.product_key
),

lots as (
    select
        stock_number,
        move_number,
        moved_date,
        units
    from moves
    where is_coming
    union all
    select
        stock_number,
        move_number,
        moved_date,
        units
    from opened
),

outs as (
    select
        moves.stock_number,
        moves.move_number,
        moves.move_type,
        moves.units,
        coalesce(moves.moved_date > stocks.last_counted_date, false) as is_later
    from moves
    inner join stocks on moves.stock_number = stocks.stock_number
    where not moves.is_coming
),

used as (
    select
        traced.lot_number,
        sum(traced.units) as units,
        sum(case when outs.is_later then traced.units else 0 end) as later_units
    from traced
    inner join outs on traced.out_number = outs.move_number
    group by traced.lot_number
),

served as (
    select
        out_number,
        sum(units) as units
    from traced
    group by out_number
),

left_over as (
    select
        lots.stock_number,
        lots.move_number,
        stocks.counted_units,
        coalesce(lots.moved_date <= stocks.last_counted_date, false) as is_judged,
        lots.units - coalesce(used.units, 0) as left_units,
        coalesce(used.later_units, 0) as later_units
    from lots
    inner join stocks on lots.stock_number = stocks.stock_number
    left join used on lots.move_number = used.lot_number
),

-- What was sold after the count was there when it was made.
judged as (
    select
        left_over.*,
        sum(left_units) over newest_first - left_units as newer_units,
        counted_units - sum(later_units) over (partition by stock_number) as there_units
    from left_over
    where is_judged
    window newest_first as (partition by stock_number order by move_number desc rows unbounded preceding)
),

ended as (
    select
        judged.*,
        least(left_units, greatest(there_units - newer_units, 0)) as stock_units
    from judged
),

kept as (
    select
        stock_number,
        sum(left_units + later_units) as units
    from left_over
    where is_judged
    group by stock_number
),

pieces as (
    select
        outs.stock_number,
        traced.lot_number,
        traced.out_number,
        outs.move_type as outcome_type,
        traced.match_rule,
        traced.units
    from traced
    inner join outs on traced.out_number = outs.move_number
    union all
    select
        outs.stock_number,
        cast(null as bigint) as lot_number,
        outs.move_number as out_number,
        outs.move_type as outcome_type,
        cast(null as {{ dbt.type_string() }}) as match_rule,
        outs.units - coalesce(served.units, 0) as units
    from outs
    left join served on outs.move_number = served.out_number
    union all
    select
        stock_number,
        move_number as lot_number,
        cast(null as bigint) as out_number,
        'in_stock' as outcome_type,
        cast(null as {{ dbt.type_string() }}) as match_rule,
        stock_units as units
    from ended
    union all
    select
        stock_number,
        move_number as lot_number,
        cast(null as bigint) as out_number,
        'missing' as outcome_type,
        cast(null as {{ dbt.type_string() }}) as match_rule,
        left_units - stock_units as units
    from ended
    union all
    select
        stock_number,
        move_number as lot_number,
        cast(null as bigint) as out_number,
        'not_counted' as outcome_type,
        cast(null as {{ dbt.type_string() }}) as match_rule,
        left_units as units
    from left_over
    where not is_judged
    union all
    select
        stocks.stock_number,
        cast(null as bigint) as lot_number,
        cast(null as bigint) as out_number,
        'in_stock' as outcome_type,
        cast(null as {{ dbt.type_string() }}) as match_rule,
        stocks.counted_units - coalesce(kept.units, 0) as units
    from stocks
    left join kept on stocks.stock_number = kept.stock_number
    where stocks.counted_units is not null
),

named as (
    select
        stocks.dealer_key,
        stocks.product_key,
        case
            when pieces.lot_number is null then 'none'
            else coalesce(origins.move_key, 'opening')
        end as lot_name,
        case
            when pieces.lot_number is null then 'none'
            when origins.move_key is null then 'opening'
            when origins.move_type = 'ordered' then 'order'
            else origins.move_type
        end as origin_type,
        pieces.outcome_type,
        outcomes.move_key as out_key,
        coalesce(outcomes.batch_id, origins.batch_id) as batch_id,
        origins.dealer_order_key,
        origins.line_number,
        origins.store_sale_key as brought_back_sale_key,
        coalesce(origins.moved_date, opened.moved_date) as origin_date,
        outcomes.store_sale_key,
        outcomes.store_key,
        outcomes.dealer_order_key as return_order_key,
        outcomes.line_number as return_line_number,
        case
            when outcomes.move_key is not null then outcomes.moved_date
            when pieces.outcome_type <> 'not_counted' then stocks.last_counted_date
        end as outcome_date,
        pieces.match_rule,
        cast(pieces.units as bigint) as units
    from pieces
    inner join stocks on pieces.stock_number = stocks.stock_number
    left join moves as origins on pieces.lot_number = origins.move_number
    left join moves as outcomes on pieces.out_number = outcomes.move_number
    left join opened on pieces.lot_number = opened.move_number
    where pieces.units > 0
)

select
    case
        when lot_name in ('none', 'opening') then lot_name || ':' || dealer_key || '/' || product_key
        else lot_name
    end || '>' || coalesce(out_key, outcome_type) as trace_key,
    named.*
from named
