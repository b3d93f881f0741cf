select
    dealer_key,
    product_key,
    stock_date,
    until_date,
    opening_units,
    sell_in_units,
    sell_out_units,
    returned_units,
    closing_units,
    unexplained_units,
    counted_units,
    last_counted_date
from {{ ref('int_dealer_days_balanced') }}
