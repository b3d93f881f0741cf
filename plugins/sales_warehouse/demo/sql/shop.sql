-- Web shop: orders by region and day. Some members sit on more slots than others, so they are drawn more often.
create or replace table shop_slots as
with members as (
    select
        region, account_key, member_id, province, joined_at,
        coalesce(size_band = getvariable('loyal_segment_size'), false) as is_loyal,
        unnest(range([1, 1, 1, 2, 2, 3, 4, 6][1 + pick('buys', account_key, 8)])) as slot
    from accounts
    where in_shop
)
select
    *,
    row_number() over (partition by region order by account_key, slot) - 1 as region_slot,
    count(*) over (partition by region) as slot_count,
    -- the same of the segment that buys again more often
    row_number() over (partition by region, is_loyal order by account_key, slot) - 1 as loyal_slot,
    count(*) filter (is_loyal) over (partition by region) as loyal_count
from members;

-- Of those whom only the shop knows, and from the start, one that orders most often: it has no deals beside its orders.
create or replace table falling_account as
select account_key
from shop_slots
where joined_at <= getvariable('start_date')::timestamp and account_key between 500000000 and 999999999
group by account_key
order by count(*) desc, draw('account_fall', account_key)
limit 1;

-- Who buys most of one product when its sales depend on a few.
create or replace table large_buyers as
select *, row_number() over (order by draw('large buyer', account_key)) as buyer_no
from accounts
where in_shop and joined_at <= getvariable('start_date')::timestamp;

-- The chance that an order of somebody else is one of the loyal segment, so that the segment's share is the planted one:
-- less what the large buyers take, and what cannot be moved because nobody of the segment has joined yet.
create or replace table loyal_chance as
with active as (
    select
        region, is_loyal, count(*) as slots, any_value(slot_count) as slot_count,
        avg(greatest(0, getvariable('business_date') - greatest(joined_at::date, getvariable('start_date'))))
            / (getvariable('business_date') - getvariable('start_date')) as presence
    from shop_slots
    group by all
),
regional as (
    select
        r.region, r.share,
        coalesce(sum(a.slots * a.presence / a.slot_count) filter (a.is_loyal), 0) as loyal,
        coalesce(sum(a.slots * a.presence / a.slot_count) filter (not a.is_loyal), 0) as others,
        coalesce(max(a.presence) filter (a.is_loyal), 0) as presence
    from (select region, sum(share) as share from regions group by region) as r
    join active as a using (region)
    group by all
),
large as (
    select
        avg((large_buyer_no(n) is not null)::int) as moved,
        (select avg(coalesce(size_band = getvariable('loyal_segment_size'), false)::int) from large_buyers where buyer_no <= getvariable('concentration_customers')) as loyal
    from range(1000000000, 1000020000) as t(n)
)
select
    least(1, ((getvariable('loyal_segment_repeat_orders') - moved * coalesce(l.loyal, 0)) / (1 - moved) * sum(r.share * (r.loyal + others)) - sum(r.share * r.loyal))
        / sum(r.share * others * presence)) as chance
from regional as r
cross join large as l
group by moved, l.loyal;

create or replace table shop_orders as
with born as (
    select d.day, d.day_no, r.region, r.region_no, n, (d.day_no * 10 + r.region_no) * 1000000 + n as order_key
    from days as d
    cross join (select distinct region, region_no, share from regions) as r
    cross join lateral (
        select unnest(range(rounded(
            getvariable('orders_per_day') * share * season
            * case when is_holiday then 0.55 when is_workday then 1.06 - 0.02 * weekday else 0.68 end,
            'shop orders of the day', d.day_no * 10 + r.region_no
        ))) as n
    ) as numbers
    where d.day >= greatest(getvariable('start_date'), getvariable('first_recent'))
),
kept as (
    select * from born where not order_is_missing(region, day, order_key)
),
-- The choice is made in a step of its own, so that the join after it is by equality alone.
choosing as (
    select k.*, pick('buyer', order_key, c.slot_count) as slot
    from kept as k
    join (select distinct region, slot_count from shop_slots) as c using (region)
),
seated as (
    select
        k.* exclude (slot), s.account_key, s.member_id, s.province, s.joined_at,
        case when not s.is_loyal and draw('loyal segment', order_key) < chance and s.joined_at::date <= day
            then pick('loyal buyer', order_key, s.loyal_count) end as loyal_slot
    from choosing as k
    join shop_slots as s on s.region = k.region and s.region_slot = k.slot
    cross join loyal_chance
),
won_over as (
    select
        k.* exclude (account_key, member_id, province, joined_at, loyal_slot),
        coalesce(l.account_key, k.account_key) as account_key, coalesce(l.member_id, k.member_id) as member_id,
        coalesce(l.province, k.province) as province, coalesce(l.joined_at, k.joined_at) as joined_at
    from seated as k
    left join shop_slots as l on l.is_loyal and l.region = k.region and l.loyal_slot = k.loyal_slot and l.joined_at::date < k.day
),
moved as (
    select
        k.* exclude (account_key, member_id, province, joined_at, region),
        coalesce(b.account_key, k.account_key) as account_key, coalesce(b.member_id, k.member_id) as member_id,
        coalesce(b.province, k.province) as province, coalesce(b.joined_at, k.joined_at) as joined_at, coalesce(b.region, k.region) as region
    from won_over as k
    left join large_buyers as b on b.buyer_no = large_buyer_no(k.order_key)
),
bought as (
    select
        k.*,
        at_hour(k.day, least(23.9, greatest(8, 14 + 3.6 * bell('shop hour', order_key)))) as ordered_at,
        draw('shop pays', order_key) as pay_draw
    from moved as k
)
select
    order_key, 'WS' || strftime(day, '%y%m%d') || region_no::varchar || format('{:05d}', n) as order_id,
    account_key, member_id, province, region, ordered_at,
    case when platform_draw < 0.58 then '自营商城' when platform_draw < 0.84 then '微信小程序' else '天猫' end as platform,
    case when pay_draw < 0.9 then ordered_at + to_seconds((40 + 1500 * draw('pay seconds', order_key))::bigint)
        when pay_draw < 0.96 then days_on(ordered_at, 1 + draw('pay days', order_key)) end as paid_at,
    pay_draw >= 0.96 or draw('shop cancels', order_key) < 0.015 as is_cancelled,
    draw('shop reopened', order_key) < 0.004 as is_corrected,
    -- an export that missed its night comes one to five nights later; the odd one is found after weeks
    case when draw('shop late', order_key) < 0.002 then 6 + pick('shop late weeks', order_key, 35)
        when draw('shop late', order_key) < 0.012 then 1 + pick('shop late days', order_key, 5) else 0 end as late_days,
    days_on(ordered_at, 2.2 + 3.5 * draw('shop delivered', order_key)) as finished_at
from bought
cross join lateral (select draw('platform', order_key) as platform_draw) as p
where joined_at <= ordered_at and not order_is_left_out(account_key in (from falling_account), day, order_key);

create or replace table shop_lines as
with wished as (
    select o.*, line_no, o.order_key * 10 + line_no as line_key, shelf_slot(o.order_key, line_no) as slot
    from shop_orders as o
    cross join lateral (select unnest(range(1, 2 + pick('shop line count', o.order_key, 4))) as line_no) as numbers
),
-- the dearer, the seldomer, and something else instead: every product sells about as much
choosing as (
    select w.*, case when draw('affords', line_key) >= 780 / p.list_price then pick('instead', line_key, p.cheap_count) end as cheap_slot
    from wished as w
    join shelf as p using (slot)
),
usual as (
    select
        c.* exclude (slot, cheap_slot),
        -- nobody comes by chance to what a few large buyers buy
        coalesce(case when p.product_no = getvariable('concentration_product_no') then (p.slot + 1) % p.product_count else p.slot end, c.slot) as slot
    from choosing as c
    left join shelf as p on p.cheap_slot = c.cheap_slot
),
wanted as (
    from usual
    union all
    -- who comes back sooner has a line of that product line in more of the orders
    select o.*, 9, o.order_key * 10 + 9, p.slot
    from shop_orders as o
    join shelf as p on p.product_line = getvariable('shorter_repurchase_product_line')
        and p.line_slot = pick('comes back for', o.order_key, p.line_count)
    join line_presence as e on e.product_line = p.product_line
    where is_since('shorter_repurchase', o.ordered_at::date)
        and draw('comes back', o.order_key) < e.presence * (1 / getvariable('shorter_repurchase_factor') - 1) / (1 - e.presence)
        and o.order_key not in (
            select u.order_key from usual as u join shelf as s using (slot)
            where s.product_line = getvariable('shorter_repurchase_product_line')
        )
),
shelved as (
    select w.*, p.sku, p.product, p.product_line, p.category, p.price_band, p.traits, p.list_price
    from wanted as w
    join shelf as p using (slot)
),
kept as (
    select * from shelved
    where not line_is_missing(region, product_line, category, account_key in (from closed_accounts), ordered_at::date, line_key)
        and not (has_trait(traits, getvariable('hits_and_slow_movers_slow_trait'))
            and strikes('slow mover', 1 - 1 / getvariable('hits_and_slow_movers_factor'), line_key))
    qualify not (
        strikes('price_band_repurchase', -getvariable('price_band_repurchase_change'), account_key)
        and coalesce(category = getvariable('price_band_repurchase_category') and price_band = getvariable('price_band_repurchase_price_band'), false)
        and is_since('price_band_repurchase', ordered_at::date)
        and ordered_at::date > min(ordered_at::date) filter (is_since('price_band_repurchase', ordered_at::date))
            over (partition by account_key, category, price_band)
    )
),
priced as (
    select
        *,
        list_price::decimal(18, 2) as price,
        greatest(1, round(780 * exp(0.4 * bell('line size', line_key)) / list_price
            * line_factor(region, product_line, ordered_at::date)
            * case when has_trait(traits, getvariable('hits_and_slow_movers_hit_trait')) then getvariable('hits_and_slow_movers_factor') else 1 end
        ))::bigint as quantity
    from kept
)
select
    line_key, order_key, order_id, line_no, sku, product, quantity, price, ordered_at, late_days, finished_at, is_cancelled, region, account_key,
    product_line, category, price_band,
    discount::decimal(18, 2) as discount,
    ((price * quantity - discount::decimal(18, 2)) * 0.13)::decimal(18, 2) as tax,
    price * quantity - discount::decimal(18, 2) as net
from priced
cross join lateral (select case when draw('shop discount', line_key) < 0.3
    then price * quantity * (0.03 + 0.07 * draw('shop discount rate', line_key)) else 0 end as discount) as d;

create or replace view shop_refunds as
with returned as (
    select *, greatest(1, (quantity * draw('refund share', line_key))::bigint) as units,
        days_on(finished_at, late_days + 2 + 10 * draw('refund day', line_key)) as refunded_at
    from shop_lines
    where not is_cancelled and draw('is refunded', line_key) < return_rate(0.025, region, ordered_at::date)
)
select line_key, order_id, line_no, region, units, refunded_at, (net * units / quantity)::decimal(18, 2) as refund
from returned
where not order_is_missing(region, refunded_at::date, line_key);
