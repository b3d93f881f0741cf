-- What became of every unit that came to a dealer, and where every unit came from that left it or was counted: one row for
-- each piece, so the pieces of a line or sale sum to its quantity. What was neither sold nor sent back is in stock or
-- missing by the last count of the product: stock is the newest goods, so the oldest are missing first. What came after the
-- last count waits for the next one.
with
moves as (
    select * from {{ ref('int_dealer_moves_united') }}
),

traced as (
    select * from {{ ref('int_dealer_moves_traced') }}
),

opened as (
    select
        'opening:' || dealer_key || '/' || product_key as lot_key,
        dealer_key,
        product_key,
        stock_date as moved_date,
        opening_units as units
    from (
        select
            days.*,
            row_number() over (partition by dealer_key, product_key order by stock_date asc) as place
        from {{ ref('int_dealer_days_balanced') }} as days
    ) as days
    where place = 1 and opening_units > 0
),

counted as (
    select
        dealer_key,
        product_key,
        last_counted_date,
        counted_units
    from {{ ref('int_dealer_stock_dated') }}
    where last_counted_date is not null
),

lots as (
    select
        move_key as lot_key,
        case move_type when 'ordered' then 'order' else 'brought_back' end as origin_type,
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
        lot_key,
        'opening' as origin_type,
        dealer_key,
        product_key,
        cast(null as {{ dbt.type_string() }}) as batch_id,
        moved_date,
        cast(null as timestamp) as moved_at,
        units
    from opened
),

outs as (
    select
        move_key as out_key,
        move_type as outcome_type,
        dealer_key,
        product_key,
        batch_id,
        moved_date,
        units
    from moves
    where move_type in ('sold', 'sent_back')
),

used as (
    select
        traced.lot_key,
        sum(traced.units) as units,
        sum(case when outs.moved_date > counted.last_counted_date then traced.units else 0 end) as later_units
    from traced
    inner join outs on traced.out_key = outs.out_key
    left join counted on outs.dealer_key = counted.dealer_key and outs.product_key = counted.product_key
    group by traced.lot_key
),

left_over as (
    select
        lots.*,
        counted.last_counted_date,
        counted.counted_units,
        coalesce(lots.moved_date <= counted.last_counted_date, false) as is_counted,
        lots.units - coalesce(used.units, 0) as left_units,
        coalesce(used.later_units, 0) as later_units
    from lots
    left join used on lots.lot_key = used.lot_key
    left join counted on lots.dealer_key = counted.dealer_key and lots.product_key = counted.product_key
),

-- What was sold after the count was there when it was made.
stocked as (
    select
        left_over.*,
        sum(left_units) over newest_first - left_units as newer_units,
        counted_units - sum(later_units) over (partition by dealer_key, product_key) as there_units
    from left_over
    where is_counted
    window newest_first as (
        partition by dealer_key, product_key
        order by moved_date desc, moved_at desc nulls last, lot_key desc
        rows unbounded preceding
    )
),

ended as (
    select
        stocked.*,
        least(left_units, greatest(there_units - newer_units, 0)) as stock_units
    from stocked
),

served as (
    select
        out_key,
        sum(units) as units
    from traced
    group by out_key
),

pieces as (
    select
        traced.lot_key,
        lots.origin_type,
        traced.out_key,
        outs.outcome_type,
        outs.dealer_key,
        outs.product_key,
        coalesce(outs.batch_id, lots.batch_id) as batch_id,
        lots.moved_date as origin_date,
        outs.moved_date as outcome_date,
        traced.match_rule,
        traced.units
    from traced
    inner join lots on traced.lot_key = lots.lot_key
    inner join outs on traced.out_key = outs.out_key
    union all
    select
        cast(null as {{ dbt.type_string() }}) as lot_key,
        'none' as origin_type,
        outs.out_key,
        outs.outcome_type,
        outs.dealer_key,
        outs.product_key,
        outs.batch_id,
        cast(null as date) as origin_date,
        outs.moved_date as outcome_date,
        cast(null as {{ dbt.type_string() }}) as match_rule,
        outs.units - coalesce(served.units, 0) as units
    from outs
    left join served on outs.out_key = served.out_key
    union all
    {% for outcome, units in {'in_stock': 'stock_units', 'missing': 'left_units - stock_units'}.items() %}
    select
        lot_key,
        origin_type,
        cast(null as {{ dbt.type_string() }}) as out_key,
        '{{ outcome }}' as outcome_type,
        dealer_key,
        product_key,
        batch_id,
        moved_date as origin_date,
        last_counted_date as outcome_date,
        cast(null as {{ dbt.type_string() }}) as match_rule,
        {{ units }} as units
    from ended
    union all
    {% endfor %}
    select
        lot_key,
        origin_type,
        cast(null as {{ dbt.type_string() }}) as out_key,
        'not_counted' as outcome_type,
        dealer_key,
        product_key,
        batch_id,
        moved_date as origin_date,
        cast(null as date) as outcome_date,
        cast(null as {{ dbt.type_string() }}) as match_rule,
        left_units as units
    from left_over
    where not is_counted
    union all
    select
        cast(null as {{ dbt.type_string() }}) as lot_key,
        'none' as origin_type,
        cast(null as {{ dbt.type_string() }}) as out_key,
        'in_stock' as outcome_type,
        counted.dealer_key,
        counted.product_key,
        cast(null as {{ dbt.type_string() }}) as batch_id,
        cast(null as date) as origin_date,
        counted.last_counted_date as outcome_date,
        cast(null as {{ dbt.type_string() }}) as match_rule,
        counted.counted_units - coalesce(kept.units, 0) as units
    from counted
    left join (
        select
            dealer_key,
            product_key,
            sum(left_units + later_units) as units
        from left_over
        where is_counted
        group by dealer_key, product_key
    ) as kept on counted.dealer_key = kept.dealer_key and counted.product_key = kept.product_key
)

select
    coalesce(lot_key, 'none:' || dealer_key || '/' || product_key) || '>' || coalesce(out_key, outcome_type) as trace_key,
    lot_key,
    out_key,
    origin_type,
    outcome_type,
    dealer_key,
    product_key,
    batch_id,
    origin_date,
    outcome_date,
    match_rule,
    cast(units as bigint) as units
from pieces
where units > 0
