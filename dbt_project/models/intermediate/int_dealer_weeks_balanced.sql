-- The daily balance by week, with the weeks in which nothing moved as long as there is stock, and how far the week can be
-- trusted: see report_status in fct_dealer_stock_weeks.
with
rules as (
    select max(stale_after_days) as stale_after_days
    from {{ ref('stg_settings__dealer_rules') }}
),

days as (
    select
        days.*,
        cast(date_trunc('week', days.stock_date) as date) as week_start_date
    from {{ ref('int_dealer_days_balanced') }} as days
),

dealers as (
    select * from {{ ref('int_dealers_reported') }}
),

weeks as (
    select distinct week_start_date
    from {{ ref('dim_dates') }}
    where date_day <= {{ business_date() }}
),

moved as (
    select
        dealer_key,
        product_key,
        week_start_date,
        sum(sell_in_units) as sell_in_units,
        sum(sell_in_amount) as sell_in_amount,
        sum(sell_out_units) as sell_out_units,
        sum(returned_units) as returned_units,
        sum(unexplained_units) as unexplained_units,
        max_by(closing_units, stock_date) as closing_units,
        max(last_counted_date) as last_counted_date,
        min(first_counted_date) as first_counted_date
    from days
    group by dealer_key, product_key, week_start_date
),

followed as (
    select
        moved.*,
        lead(week_start_date) over (
            partition by dealer_key, product_key order by week_start_date asc
        ) as next_week_start_date
    from moved
),

-- A week in which nothing moved is that of the week before without its moves.
filled as (
    select
        dealer_key,
        product_key,
        week_start_date,
        sell_in_units,
        sell_in_amount,
        sell_out_units,
        returned_units,
        unexplained_units,
        closing_units,
        last_counted_date,
        first_counted_date
    from followed
    union all
    select
        followed.dealer_key,
        followed.product_key,
        weeks.week_start_date,
        0 as sell_in_units,
        0 as sell_in_amount,
        0 as sell_out_units,
        0 as returned_units,
        0 as unexplained_units,
        followed.closing_units,
        followed.last_counted_date,
        followed.first_counted_date
    from followed
    inner join weeks
        on
            followed.week_start_date < weeks.week_start_date
            and weeks.week_start_date < coalesce(followed.next_week_start_date, {{ business_date() }} + 1)
    where
        followed.closing_units <> 0
        and followed.week_start_date + 7 < coalesce(followed.next_week_start_date, {{ business_date() }} + 1)
),

aged as (
    select
        filled.*,
        filled.week_start_date + 6 as week_end_date,
        filled.closing_units + filled.sell_out_units + filled.returned_units + filled.unexplained_units - filled.sell_in_units
            as opening_units,
        dealers.reported_until_date,
        dealers.is_silent,
        rules.stale_after_days,
        {{ dbt.datediff(
            'filled.last_counted_date', 'least(filled.week_start_date + 6, ' ~ business_date() ~ ')', 'day'
        ) }} as count_age_days
    from filled
    inner join dealers on filled.dealer_key = dealers.dealer_key
    cross join rules
),

known as (
    select
        aged.*,
        {{ known_stock('opening_units', 'week_start_date', 'first_counted_date', is_opening=true) }} as known_opening_units,
        {{ known_stock('closing_units', 'week_end_date', 'first_counted_date') }} as known_closing_units
    from aged
)

select
    dealer_key,
    product_key,
    week_start_date,
    week_end_date,
    cast(known_opening_units as bigint) as opening_units,
    cast(sell_in_units as bigint) as sell_in_units,
    cast(sell_out_units as bigint) as sell_out_units,
    cast(returned_units as bigint) as returned_units,
    cast(known_closing_units as bigint) as closing_units,
    cast(unexplained_units as bigint) as unexplained_units,
    cast(sell_in_amount as decimal(18, 4)) as sell_in_amount,
    last_counted_date,
    case
        when last_counted_date is null or known_opening_units is null then 'uncounted'
        when count_age_days > stale_after_days then 'stale'
        when reported_until_date >= week_end_date then 'reported'
        when is_silent then 'stale'
        else 'waiting'
    end as report_status
from known
