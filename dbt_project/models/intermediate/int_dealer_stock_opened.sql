-- What was there before the first move or count; as a lot it comes before everything that moved.
with
days as (
    select
        days.*,
        row_number() over (partition by dealer_key, product_key order by stock_date asc) as place
    from {{ ref('int_dealer_days_balanced') }} as days
)

select
    days.dealer_key,
    days.product_key,
    stocks.stock_number,
    {{ first_move('stocks.stock_number') }} as move_number,
    days.stock_date as moved_date,
    days.opening_units as units
from days
inner join {{ ref('int_dealer_stocks_numbered') }} as stocks
    on days.dealer_key = stocks.dealer_key and days.product_key = stocks.product_key
where days.place = 1 and days.opening_units > 0
