-- The latest that is known of each product at each dealer, on the day that the reports of the dealer reach.
with
rules as (
    select
        max(stale_after_days) as stale_after_days,
        max(supply_window_days) as supply_window_days
    from {{ ref('stg_settings__dealer_rules') }}
),

days as (
    select
        days.*,
        row_number() over (partition by days.dealer_key, days.product_key order by days.stock_date asc) as place
    from {{ ref('int_dealer_days_balanced') }} as days
),

-- A product that opens with nothing came on its first day; one that opens with stock was there before anything tells of it.
came as (
    select
        dealer_key,
        product_key,
        stock_date as first_date
    from days
    where place = 1 and opening_units <= 0
),

dealers as (
    select
        dealers.*,
        coalesce(dealers.reported_until_date, {{ business_date() }}) as stock_date
    from {{ ref('int_dealers_reported') }} as dealers
),

dated as (
    select
        days.*,
        dealers.stock_date as known_date,
        dealers.is_silent,
        dealers.stock_date - rules.supply_window_days as window_before_date,
        {{ business_date() }} - rules.supply_window_days as sell_in_before_date,
        rules.stale_after_days,
        least(
            rules.supply_window_days,
            greatest({{ dbt.datediff('coalesce(came.first_date, dealers.first_date)', 'dealers.stock_date', 'day') }} + 1, 1)
        ) as window_days
    from days
    inner join dealers on days.dealer_key = dealers.dealer_key
    left join came on days.dealer_key = came.dealer_key and days.product_key = came.product_key
    cross join rules
),

-- A product that came after the day that the reports reach had on it what it opens with.
summed as (
    select
        dealer_key,
        product_key,
        known_date as stock_date,
        is_silent,
        stale_after_days,
        coalesce(
            max(case when known_date between stock_date and until_date then closing_units end),
            max(case when place = 1 then opening_units end)
        ) as book_units,
        min(first_counted_date) as first_counted_date,
        max(last_counted_date) as last_counted_date,
        max_by(counted_units, stock_date) filter (where counted_units is not null) as counted_units,
        max(window_days) as window_days,
        sum(
            case when stock_date > window_before_date and stock_date <= known_date then sell_out_units else 0 end
        ) as window_sell_out_units,
        sum(case when stock_date > known_date then sell_in_units else 0 end) as sell_in_since_units,
        sum(case when stock_date > sell_in_before_date then sell_in_amount else 0 end) as window_sell_in_amount
    from dated
    group by dealer_key, product_key, known_date, is_silent, stale_after_days
)

select
    dealer_key,
    product_key,
    stock_date,
    cast({{ known_stock('book_units', 'stock_date', 'first_counted_date') }} as bigint) as stock_units,
    last_counted_date,
    cast(counted_units as bigint) as counted_units,
    cast({{ dbt.datediff('last_counted_date', business_date(), 'day') }} as bigint) as count_age_days,
    cast(window_days as bigint) as window_days,
    cast(window_sell_out_units as bigint) as window_sell_out_units,
    cast(sell_in_since_units as bigint) as sell_in_since_units,
    cast(window_sell_in_amount as decimal(18, 4)) as window_sell_in_amount,
    case
        when last_counted_date is null then 'never_counted'
        when is_silent then 'dealer_silent'
        when {{ dbt.datediff('last_counted_date', business_date(), 'day') }} > stale_after_days then 'product_not_counted'
    end as stale_reason
from summed
