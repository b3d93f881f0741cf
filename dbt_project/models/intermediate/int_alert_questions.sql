-- What an alert on a metric asks: which figure of which days, beside what it was compared with.
select
    incident_key,
    severity,
    'net_sales' as metric_id,
    'region' as dimension_name,
    region_key as dimension_value,
    week_start_date as period_start_date,
    week_end_date as period_end_date,
    previous_week_start_date as compared_start_date,
    previous_week_start_date + 6 as compared_end_date,
    cast(current_amount as decimal(28, 8)) as value,
    cast(previous_amount as decimal(28, 8)) as compared_value
from {{ ref('alert_net_sales_fall') }}
