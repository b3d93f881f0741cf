-- What a dealer had and sold of a product in a week.
select
    weeks.week_start_date,
    weeks.week_end_date,
    weeks.dealer_key,
    dealers.dealer_name,
    dealers.dealer_tier,
    dealers.region_key,
    weeks.product_key,
    products.product_name,
    products.product_line,
    products.category,
    weeks.report_status,
    weeks.opening_units,
    weeks.sell_in_units,
    weeks.sell_out_units
from fct_dealer_stock_weeks as weeks
left join dim_dealers as dealers on weeks.dealer_key = dealers.dealer_key
left join dim_products as products on weeks.product_key = products.product_key
