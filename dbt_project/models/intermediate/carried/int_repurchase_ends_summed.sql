{{ config(post_hook="{{ forget_months('year_fingerprint', 13) }}") }}
-- Of int_repurchase_windows how often gaps ended and how long they went, with the sums of squares and products over customers
-- that the variance of their rate asks for; carried by month.
with
due as (
    {{ due_months('year_fingerprint') | indent(4) }}
),

by_customer as (
    select
        month_start_date,
        period_end_date,
        window_type,
        product_line,
        customer_key,
        count(*) as gap_count,
        count(*) filter (where is_ended) as ended_count,
        sum(gap_days) as gap_days
    from {{ ref('int_repurchase_windows') }}
    where month_start_date in (select due.month_start_date from due)
    group by month_start_date, period_end_date, window_type, product_line, customer_key
),

-- Of each customer also what it did in all lines together.
with_all as (
    select
        by_customer.*,
        cast(ended_count as double) as own_ends,
        cast(gap_days as double) as own_days,
        cast(sum(ended_count) over (partition by month_start_date, window_type, customer_key) as double) as all_ends,
        cast(sum(gap_days) over (partition by month_start_date, window_type, customer_key) as double) as all_days
    from by_customer
)

select
    due.month_start_date,
    due.fingerprint,
    with_all.period_end_date,
    with_all.window_type,
    with_all.product_line,
    count(*) as customer_count,
    sum(with_all.gap_count) as gap_count,
    sum(with_all.ended_count) as ended_count,
    sum(with_all.gap_days) as gap_days,
    sum(with_all.own_ends * with_all.own_ends) as own_ends_squares,
    sum(with_all.own_ends * with_all.own_days) as own_products,
    sum(with_all.own_days * with_all.own_days) as own_days_squares,
    sum(with_all.all_ends * with_all.own_ends) as all_ends_squares,
    sum(with_all.all_ends * with_all.own_days + with_all.all_days * with_all.own_ends) / 2 as all_products,
    sum(with_all.all_days * with_all.own_days) as all_days_squares
from with_all
inner join due on with_all.month_start_date = due.month_start_date
group by due.month_start_date, due.fingerprint, with_all.period_end_date, with_all.window_type, with_all.product_line
