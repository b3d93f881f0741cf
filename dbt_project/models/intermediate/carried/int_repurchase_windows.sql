{{ config(post_hook="{{ forget_months('year_fingerprint', 13) }}") }}
-- The 90 days up to the end of a month, and the 90 days before them: which gaps began in them, and how far each went in
-- them; carried by month. A gap that had not ended by the end of its 90 days counts as long as that, in both windows alike,
-- so that the later one does not look shorter for having had less time.
with
due as (
    {{ due_months('year_fingerprint') | indent(4) }}
),

months as (
    select
        last.month_start_date,
        due.fingerprint,
        last.period_end_date
    from (
        {{ last_months(13) | indent(8) }}
    ) as last
    inner join due on last.month_start_date = due.month_start_date
),

gaps as (
    select * from {{ ref('fct_repurchase_gaps') }}
    where order_date > (select min(earliest.period_end_date) - 180 from months as earliest)
),

windows as (
    select
        month_start_date,
        fingerprint,
        period_end_date,
        'now' as window_type,
        period_end_date as last_date
    from months
    union all
    select
        month_start_date,
        fingerprint,
        period_end_date,
        'before' as window_type,
        period_end_date - 90 as last_date
    from months
)

select
    windows.month_start_date,
    windows.fingerprint,
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
