select
    reconciliation_id,
    name_en,
    name_zh,
    left_source,
    left_number,
    left_orders,
    right_source,
    right_number,
    right_orders,
    cast(amount_tolerance as decimal(18, 4)) as amount_tolerance,
    date_tolerance_days,
    since_date
from {{ source('settings', 'order_reconciliations') }}
