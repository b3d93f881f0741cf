-- A dealer that reports nothing at all is one of the dealers, too; one that its source deleted is none once it is silent.
with
stock as (
    select * from {{ ref('fct_dealer_stock') }}
),

silent as (
    select
        dealer_key,
        is_silent
    from {{ ref('int_dealers_reported') }}
),

lines as (
    select
        dealers.dealer_key,
        dealers.region_key,
        dealers.dealer_tier,
        coalesce(silent.is_silent, true) as is_silent,
        coalesce(stock.is_stale, true) as is_stale,
        coalesce(stock.stock_units, 0) as stock_units,
        coalesce(stock.window_sell_out_units, 0) as window_sell_out_units,
        coalesce(stock.window_days, 1) as window_days,
        coalesce(stock.window_sell_in_amount, 0) as window_sell_in_amount
    from {{ ref('dim_dealers') }} as dealers
    left join silent on dealers.dealer_key = silent.dealer_key
    left join stock on dealers.dealer_key = stock.dealer_key
    where
        case
            when dealers.is_deleted then not stock.is_stale or stock.window_sell_in_amount <> 0
            when dealers.dealer_key = 'unknown' then stock.dealer_key is not null
            else true
        end
),

summed as (
    select
        case
            when grouping(region_key) = 0 then 'region'
            when grouping(dealer_tier) = 0 then 'tier'
            else 'total'
        end as dimension_name,
        coalesce(region_key, dealer_tier, 'total') as dimension_value,
        sum(case when not is_stale then stock_units else 0 end) as stock_units,
        sum(case when is_stale then stock_units else 0 end) as stale_stock_units,
        sum(
            case when not is_stale then cast(window_sell_out_units as decimal(18, 8)) / window_days else 0 end
        ) as daily_sell_out_units,
        count(distinct case when dealer_key <> 'unknown' then dealer_key end) as dealer_count,
        count(distinct case when not is_silent then dealer_key end) as counted_dealer_count,
        sum(window_sell_in_amount) as sell_in_amount,
        sum(case when not is_stale then window_sell_in_amount else 0 end) as covered_sell_in_amount
    from lines
    group by grouping sets ((), (region_key), (dealer_tier))
    having count(*) > 0
),

known as (
    select
        dimension_name,
        dimension_value,
        stock_units,
        stale_stock_units,
        case when {{ is_measured('dealer_sell_out') }} then daily_sell_out_units end as daily_sell_out_units,
        dealer_count,
        counted_dealer_count,
        case when {{ is_measured('dealer_sell_in') }} then sell_in_amount end as sell_in_amount,
        case when {{ is_measured('dealer_sell_in') }} then covered_sell_in_amount end as covered_sell_in_amount
    from summed
)

select
    dimension_name,
    dimension_value,
    {{ business_date() }} as business_date,
    cast(stock_units as bigint) as stock_units,
    cast(daily_sell_out_units as decimal(28, 8)) as daily_sell_out_units,
    {{ ratio('stock_units', 'case when daily_sell_out_units > 0 then daily_sell_out_units end') }} as days_of_supply,
    cast(dealer_count as bigint) as dealer_count,
    cast(counted_dealer_count as bigint) as counted_dealer_count,
    cast(stale_stock_units as bigint) as stale_stock_units,
    cast(sell_in_amount as decimal(18, 4)) as sell_in_amount,
    cast(covered_sell_in_amount as decimal(18, 4)) as covered_sell_in_amount
from known
where {{ is_measured('dealer_stock') }}
