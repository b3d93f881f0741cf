select
    dealer_key,
    product_key,
    week_start_date,
    week_end_date,
    opening_units,
    sell_in_units,
    sell_out_units,
    returned_units,
    closing_units,
    unexplained_units,
    sell_in_amount,
    last_counted_date,
    report_status,
    report_status in ('stale', 'uncounted') as is_stale
from {{ ref('int_dealer_weeks_balanced') }}
