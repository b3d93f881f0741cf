-- How far the reports of each dealer reach: a dealer is silent when its last count is too old.
with
rules as (
    select max(stale_after_days) as stale_after_days
    from {{ ref('stg_settings__dealer_rules') }}
),

counted as (
    select
        dealer_key,
        min(stock_date) as first_date,
        max(last_counted_date) as last_counted_date
    from {{ ref('int_dealer_days_balanced') }}
    group by dealer_key
),

sold as (
    select
        dealer_key,
        max(moved_date) as last_sold_date
    from {{ ref('int_dealer_moves_united') }}
    where move_type in ('sold', 'brought_back')
    group by dealer_key
)

select
    counted.dealer_key,
    counted.first_date,
    counted.last_counted_date,
    sold.last_sold_date,
    greatest(
        coalesce(counted.last_counted_date, sold.last_sold_date),
        coalesce(sold.last_sold_date, counted.last_counted_date)
    ) as reported_until_date,
    coalesce(
        {{ dbt.datediff('counted.last_counted_date', business_date(), 'day') }} > rules.stale_after_days,
        true
    ) as is_silent
from counted
cross join rules
left join sold on counted.dealer_key = sold.dealer_key
