select
    dealer_key,
    month_start_date,
    is_complete,
    sell_in_units,
    sell_in_amount,
    returned_units,
    sell_out_units,
    sell_out_amount,
    answer_count,
    score_rate_sum,
    order_level,
    score_deviation_rate
from {{ ref('int_dealer_months_scored') }}
