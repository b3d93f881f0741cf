select
    dealer_key,
    product_key,
    stock_date,
    stock_units,
    last_counted_date,
    counted_units,
    count_age_days,
    stale_reason is not null as is_stale,
    stale_reason,
    sell_in_since_units,
    window_days,
    window_sell_out_units,
    window_sell_in_amount,
    {{ ratio('stock_units * window_days', 'case when window_sell_out_units > 0 then window_sell_out_units end') }} as days_of_supply
from {{ ref('int_dealer_stock_dated') }}
