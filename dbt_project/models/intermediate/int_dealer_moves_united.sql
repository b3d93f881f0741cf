-- What came to a dealer and what left it. A dealer sends goods back to us by a negative order line, and a buyer brings
-- goods back by a negative sale: each is a move the other way. What is dated later than the business date is not there yet.
with
moves as (
    select
        'order:' || dealer_order_key || '/' || cast(line_number as {{ dbt.type_string() }}) as move_key,
        case when quantity > 0 then 'ordered' else 'sent_back' end as move_type,
        dealer_key,
        product_key,
        nullif(trim(batch_id), '') as batch_id,
        ordered_date as moved_date,
        ordered_at as moved_at,
        abs(quantity) as units,
        amount,
        dealer_order_key,
        line_number,
        cast(null as {{ dbt.type_string() }}) as store_sale_key,
        cast(null as {{ dbt.type_string() }}) as store_key
    from {{ ref('fct_dealer_orders') }}
    union all
    select
        'sale:' || store_sale_key as move_key,
        case when quantity > 0 then 'sold' else 'brought_back' end as move_type,
        dealer_key,
        product_key,
        nullif(trim(batch_id), '') as batch_id,
        sold_date as moved_date,
        sold_at as moved_at,
        abs(quantity) as units,
        amount,
        cast(null as {{ dbt.type_string() }}) as dealer_order_key,
        cast(null as bigint) as line_number,
        store_sale_key,
        store_key
    from {{ ref('fct_store_sales') }}
),

there as (
    select
        moves.*,
        move_type in ('ordered', 'brought_back') as is_coming
    from moves
    where units > 0 and moved_date <= {{ business_date() }}
),

stocks as (
    select * from {{ ref('int_dealer_stocks_numbered') }}
)

-- Moves of a stock are numbered in their order: what comes on a day is there before anything leaves on it. The number before
-- the first one is left to what was there before.
select
    there.*,
    stocks.stock_number,
    {{ first_move('stocks.stock_number') }} + row_number() over (
        partition by stocks.stock_number
        order by there.moved_date asc, there.is_coming desc, there.moved_at asc nulls first, there.move_key asc
    ) as move_number
from there
inner join stocks on there.dealer_key = stocks.dealer_key and there.product_key = stocks.product_key
