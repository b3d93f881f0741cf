-- The pieces of a line that a dealer ordered, and of a sale, sum to its quantity; and what the counts say is unexplained is
-- what the pieces say: missing, less what was sold or counted without an origin. Goods sold after the last count of which the
-- count saw nothing stand between the two.
with
traces as (
    select * from {{ ref('fct_dealer_traces') }}
),

lines as (
    select
        'order ' || dealer_order_key || '/' || cast(line_number as {{ dbt.type_string() }}) as name,
        abs(quantity) as units
    from {{ ref('fct_dealer_orders') }}
    where quantity <> 0 and ordered_date <= {{ business_date() }}
    union all
    select
        'sale ' || store_sale_key as name,
        abs(quantity) as units
    from {{ ref('fct_store_sales') }}
    where quantity <> 0 and sold_date <= {{ business_date() }}
),

pieces as (
    select
        name,
        sum(units) as units
    from (
        select
            'order ' || dealer_order_key || '/' || cast(line_number as {{ dbt.type_string() }}) as name,
            units
        from traces
        where dealer_order_key is not null
        union all
        select
            'order ' || return_order_key || '/' || cast(return_line_number as {{ dbt.type_string() }}) as name,
            units
        from traces
        where return_order_key is not null
        union all
        select
            'sale ' || brought_back_sale_key as name,
            units
        from traces
        where brought_back_sale_key is not null
        union all
        select
            'sale ' || store_sale_key as name,
            units
        from traces
        where store_sale_key is not null
    ) as named
    group by name
),

unexplained as (
    select
        dealer_key,
        product_key,
        sum(unexplained_units) as units
    from {{ ref('fct_dealer_stock_days') }}
    group by dealer_key, product_key
),

stock as (
    select * from {{ ref('fct_dealer_stock') }}
),

told as (
    select
        stock.dealer_key,
        stock.product_key,
        max(stock.counted_units) as counted_units,
        sum(case when traces.outcome_type = 'missing' then traces.units else 0 end) as missing_units,
        sum(
            case
                when traces.origin_type = 'none' and traces.outcome_date <= stock.last_counted_date then traces.units
                else 0
            end
        ) as unknown_units,
        sum(
            case
                when
                    traces.origin_date <= stock.last_counted_date
                    and traces.outcome_date > stock.last_counted_date
                    then traces.units
                else 0
            end
        ) as later_units
    from stock
    left join traces on stock.dealer_key = traces.dealer_key and stock.product_key = traces.product_key
    where stock.last_counted_date is not null
    group by stock.dealer_key, stock.product_key
)

select
    coalesce(lines.name, pieces.name) as broken,
    lines.units as wanted_units,
    pieces.units as found_units
from lines
full outer join pieces on lines.name = pieces.name
where coalesce(lines.units, 0) <> coalesce(pieces.units, 0)
union all
select
    told.dealer_key || ' ' || told.product_key as broken,
    unexplained.units as wanted_units,
    told.missing_units - told.unknown_units + greatest(told.later_units - told.counted_units, 0) as found_units
from told
inner join unexplained on told.dealer_key = unexplained.dealer_key and told.product_key = unexplained.product_key
where unexplained.units <> told.missing_units - told.unknown_units + greatest(told.later_units - told.counted_units, 0)
