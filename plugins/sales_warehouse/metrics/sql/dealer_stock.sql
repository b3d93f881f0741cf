-- What a dealer has of a product, and sells of it a day; stock that nobody counted lately is left out.
select
    stock.dealer_key,
    dealers.dealer_name,
    dealers.dealer_tier,
    dealers.region_key,
    stock.product_key,
    products.product_name,
    products.product_line,
    products.category,
    stock.last_counted_date,
    stock.window_days,
    stock.window_sell_out_units,
    stock.stock_units,
    cast(stock.window_sell_out_units as decimal(18, 8)) / stock.window_days as daily_units
from fct_dealer_stock as stock
left join dim_dealers as dealers on stock.dealer_key = dealers.dealer_key
left join dim_products as products on stock.product_key = products.product_key
where not stock.is_stale
