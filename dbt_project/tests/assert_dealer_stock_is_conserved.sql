-- Opening + sell-in = sell-out + returned + closing + unexplained, for every dealer, product and day and every week; a day
-- opens with what the day before closed with; a count is the stock; and nothing of the facts is left out or there twice.
with
days as (
    select
        days.*,
        lag(closing_units) over by_day as closed_before,
        lag(until_date) over by_day as until_before
    from {{ ref('fct_dealer_stock_days') }} as days
    window by_day as (partition by dealer_key, product_key order by stock_date asc)
),

in_the_facts as (
    select
        dealer_key,
        product_key,
        sum(sell_in_units) as sell_in_units,
        sum(sell_out_units) as sell_out_units,
        sum(returned_units) as returned_units
    from (
        select
            dealer_key,
            product_key,
            case when quantity > 0 then quantity else 0 end as sell_in_units,
            0 as sell_out_units,
            case when quantity < 0 then -quantity else 0 end as returned_units
        from {{ ref('fct_dealer_orders') }}
        where ordered_date <= {{ business_date() }}
        union all
        select
            dealer_key,
            product_key,
            0 as sell_in_units,
            quantity as sell_out_units,
            0 as returned_units
        from {{ ref('fct_store_sales') }}
        where sold_date <= {{ business_date() }}
    ) as facts
    group by dealer_key, product_key
),

in_days as (
    select
        dealer_key,
        product_key,
        sum(sell_in_units) as sell_in_units,
        sum(sell_out_units) as sell_out_units,
        sum(returned_units) as returned_units,
        sum(unexplained_units) as unexplained_units
    from days
    group by dealer_key, product_key
),

in_weeks as (
    select
        dealer_key,
        product_key,
        sum(sell_in_units) as sell_in_units,
        sum(sell_out_units) as sell_out_units,
        sum(returned_units) as returned_units,
        sum(unexplained_units) as unexplained_units
    from {{ ref('fct_dealer_stock_weeks') }}
    group by dealer_key, product_key
)

select
    'a day does not balance' as broken,
    dealer_key,
    product_key,
    stock_date as broken_date
from days
where
    opening_units + sell_in_units <> sell_out_units + returned_units + closing_units + unexplained_units
    or opening_units <> coalesce(closed_before, opening_units)
    or stock_date <> coalesce(until_before + 1, stock_date)
    or closing_units <> coalesce(counted_units, closing_units)
    or (counted_units is null and unexplained_units <> 0)
union all
select
    'a week does not balance' as broken,
    dealer_key,
    product_key,
    week_start_date as broken_date
from {{ ref('fct_dealer_stock_weeks') }}
where opening_units + sell_in_units <> sell_out_units + returned_units + closing_units + unexplained_units
union all
select
    'the facts have other sums' as broken,
    coalesce(in_the_facts.dealer_key, in_days.dealer_key) as dealer_key,
    coalesce(in_the_facts.product_key, in_days.product_key) as product_key,
    cast(null as date) as broken_date
from in_the_facts
full outer join in_days
    on in_the_facts.dealer_key = in_days.dealer_key and in_the_facts.product_key = in_days.product_key
where
    coalesce(in_the_facts.sell_in_units, 0) <> coalesce(in_days.sell_in_units, 0)
    or coalesce(in_the_facts.sell_out_units, 0) <> coalesce(in_days.sell_out_units, 0)
    or coalesce(in_the_facts.returned_units, 0) <> coalesce(in_days.returned_units, 0)
union all
select
    'days and weeks have other sums' as broken,
    in_days.dealer_key,
    in_days.product_key,
    cast(null as date) as broken_date
from in_days
left join in_weeks on in_days.dealer_key = in_weeks.dealer_key and in_days.product_key = in_weeks.product_key
where
    in_days.sell_in_units <> coalesce(in_weeks.sell_in_units, 0)
    or in_days.sell_out_units <> coalesce(in_weeks.sell_out_units, 0)
    or in_days.returned_units <> coalesce(in_weeks.returned_units, 0)
    or in_days.unexplained_units <> coalesce(in_weeks.unexplained_units, 0)
