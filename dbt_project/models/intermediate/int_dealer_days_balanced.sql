-- Stock of each product at each dealer on the days on which something moved or was counted. A count is the stock at the end
-- of its day; between counts the stock is the last count and what moved since. What a count differs by is unexplained. What
-- was there before the first count is worked out from it, and is never less than nothing. This is the book, which always
-- balances; what it says of days before the first count is published only where it is not negative (known_stock).
with
moves as (
    select
        dealer_key,
        product_key,
        moved_date as stock_date,
        sum(case when move_type = 'ordered' then units else 0 end) as sell_in_units,
        sum(case when move_type = 'ordered' then amount else 0 end) as sell_in_amount,
        sum(case move_type when 'sold' then units when 'brought_back' then -units else 0 end) as sell_out_units,
        sum(case when move_type = 'sent_back' then units else 0 end) as returned_units
    from {{ ref('int_dealer_moves_united') }}
    group by dealer_key, product_key, moved_date
),

-- The last count of a day, however many systems tell of it.
counts as (
    select
        dealer_key,
        product_key,
        counted_date as stock_date,
        quantity as counted_units,
        row_number() over (
            partition by dealer_key, product_key, counted_date
            order by counted_at desc, reported_at desc nulls last, source asc
        ) as place
    from {{ ref('fct_dealer_inventory') }}
    where counted_date <= {{ business_date() }}
),

days as (
    select
        dealer_key,
        product_key,
        stock_date,
        sum(sell_in_units) as sell_in_units,
        sum(sell_in_amount) as sell_in_amount,
        sum(sell_out_units) as sell_out_units,
        sum(returned_units) as returned_units,
        sum(sell_in_units - sell_out_units - returned_units) as net_units,
        max(counted_units) as counted_units
    from (
        select
            dealer_key,
            product_key,
            stock_date,
            sell_in_units,
            sell_in_amount,
            sell_out_units,
            returned_units,
            cast(null as bigint) as counted_units
        from moves
        union all
        select
            dealer_key,
            product_key,
            stock_date,
            0 as sell_in_units,
            0 as sell_in_amount,
            0 as sell_out_units,
            0 as returned_units,
            counted_units
        from counts
        where place = 1
    ) as united
    group by dealer_key, product_key, stock_date
),

numbered as (
    select
        days.*,
        sum(net_units) over so_far as net_until,
        count(counted_units) over so_far as count_number,
        max(case when counted_units is not null then stock_date end) over so_far as last_counted_date,
        min(case when counted_units is not null then stock_date end) over (partition by dealer_key, product_key) as first_counted_date
    from days
    window so_far as (partition by dealer_key, product_key order by stock_date asc rows unbounded preceding)
),

-- What a count says beyond the moves so far; it holds until the next count.
held as (
    select
        numbered.*,
        max(counted_units - net_until) over (partition by dealer_key, product_key, count_number) as held_units,
        coalesce(
            greatest(
                max(case when count_number = 1 then counted_units - net_until end) over (
                    partition by dealer_key, product_key
                ),
                0
            ),
            0
        ) as first_units
    from numbered
),

closed as (
    select
        held.*,
        net_until + coalesce(held_units, first_units) as closing_units
    from held
),

opened as (
    select
        closed.*,
        coalesce(lag(closing_units) over by_day, first_units) as opening_units,
        coalesce(lead(stock_date) over by_day - 1, {{ business_date() }}) as until_date
    from closed
    window by_day as (partition by dealer_key, product_key order by stock_date asc)
)

select
    dealer_key,
    product_key,
    stock_date,
    until_date,
    cast(opening_units as bigint) as opening_units,
    cast(sell_in_units as bigint) as sell_in_units,
    cast(sell_out_units as bigint) as sell_out_units,
    cast(returned_units as bigint) as returned_units,
    cast(closing_units as bigint) as closing_units,
    cast(opening_units + net_units - closing_units as bigint) as unexplained_units,
    counted_units,
    last_counted_date,
    first_counted_date,
    cast(sell_in_amount as decimal(18, 4)) as sell_in_amount
from opened
