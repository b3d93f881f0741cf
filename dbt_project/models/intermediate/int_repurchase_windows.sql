-- The 90 days up to the end of a month, and the 90 days before them: which gaps began in them, and how far each went in
-- them. A gap that had not ended by the end of its 90 days counts as long as that, in both windows alike, so that the later
-- one does not look shorter for having had less time.
{%- set this_month = "cast(date_trunc('month', " ~ business_date() ~ ") as date)" %}
with
gaps as (
    select * from {{ ref('fct_repurchase_gaps') }}
    where order_date > {{ this_month }} - 600
),

months as (
    {{ last_months(13) | indent(4) }}
),

windows as (
    select
        month_start_date,
        period_end_date,
        'now' as window_type,
        period_end_date as last_date
    from months
    union all
    select
        month_start_date,
        period_end_date,
        'before' as window_type,
        period_end_date - 90 as last_date
    from months
)

select
    windows.month_start_date,
    windows.period_end_date,
    windows.window_type,
    gaps.customer_key,
    gaps.product_line,
    cast({{ dbt.datediff(
        'gaps.order_date', 'least(coalesce(gaps.next_order_date, windows.last_date), windows.last_date)', 'day'
    ) }} as bigint) as gap_days,
    coalesce(gaps.next_order_date <= windows.last_date, false) as is_ended
from windows
inner join gaps on windows.last_date < gaps.order_date + 90 and windows.last_date >= gaps.order_date
