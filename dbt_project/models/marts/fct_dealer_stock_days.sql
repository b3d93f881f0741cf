select
    dealer_key,
    product_key,
    stock_date,
    until_date,
    {{ known_stock('opening_units', 'stock_date', 'first_counted_date', is_opening=true) }} as opening_units,
    sell_in_units,
    sell_out_units,
    returned_units,
    {{ known_stock('closing_units', 'stock_date', 'first_counted_date') }} as closing_units,
    unexplained_units,
    counted_units,
    last_counted_date
from {{ ref('int_dealer_days_balanced') }}
