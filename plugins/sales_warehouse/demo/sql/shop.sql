-- Web shop: orders by region and day. Larger members sit on more slots, so they are drawn more often.
create or replace table shop_slots as
select *, row_number() over (partition by region order by account_key, slot) - 1 as region_slot, count(*) over (partition by region) as slot_count
from (
    select region, account_key, member_id, province, joined_at,
        unnest(range(case size_band when '大型' then 6 when '中型' then 3 else 1 end)) as slot
    from accounts
    where in_shop
);

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
    select * from born where not region_falls(region, day, order_key)
),
-- The choice is made in a step of its own, so that the join after it is by equality alone.
choosing as (
    select k.*, pick('buyer', order_key, c.slot_count) as slot
    from kept as k
    join (select distinct region, slot_count from shop_slots) as c using (region)
),
bought as (
    select
        k.* exclude (slot), s.account_key, s.member_id, s.province, s.joined_at,
        at_hour(k.day, least(23.9, greatest(8, 14 + 3.6 * bell('shop hour', order_key)))) as ordered_at,
        draw('shop pays', order_key) as pay_draw
    from choosing as k
    join shop_slots as s on s.region = k.region and s.region_slot = k.slot
)
select
    order_key, 'WS' || strftime(day, '%y%m%d') || region_no::varchar || lpad(n::varchar, 5, '0') as order_id,
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
where joined_at <= ordered_at;

create or replace table shop_lines as
with shelf as (
    -- equipment for hospitals goes through deals, not through the shop
    select *, row_number() over (order by product_no) - 1 as slot, count(*) over () as product_count
    from products
    where category <> '医院设备'
),
wanted as (
    select
        o.*, line_no, o.order_key * 10 + line_no as line_key,
        (pick('shop product', o.order_key, (select any_value(product_count) from shelf)) + line_no * 5)
            % (select any_value(product_count) from shelf) as slot
    from shop_orders as o
    cross join lateral (select unnest(range(1, 2 + pick('shop line count', o.order_key, 4))) as line_no) as numbers
),
priced as (
    select
        w.*, p.sku, p.product,
        p.list_price::decimal(18, 2) as price,
        greatest(1, round(780 * exp(0.4 * bell('line size', line_key)) / p.list_price))::bigint as quantity
    from wanted as w
    join shelf as p using (slot)
)
select
    line_key, order_key, order_id, line_no, sku, product, quantity, price, ordered_at, late_days, finished_at, is_cancelled,
    discount::decimal(18, 2) as discount,
    ((price * quantity - discount::decimal(18, 2)) * 0.13)::decimal(18, 2) as tax,
    price * quantity - discount::decimal(18, 2) as net
from priced
cross join lateral (select case when draw('shop discount', line_key) < 0.3
    then price * quantity * (0.03 + 0.07 * draw('shop discount rate', line_key)) else 0 end as discount) as d;
