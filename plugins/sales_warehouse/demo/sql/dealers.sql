-- Dealers and their stores. Demand is in units a day and store. Goods go from a dealer's order to a store's sale, batch by batch, the oldest first:
-- opening stock + ordered = sold + sent back + stock, for every dealer, product and day.
create or replace table dealers as
with numbered as (
    select n as dealer_no, count(*) over () as dealer_count from range(1, 1 + greatest(6, round(getvariable('customers') / 40)::bigint)) as t(n)
)
select
    n.dealer_no, 'JXS' || format('{:03d}', n.dealer_no) as dealer_id,
    c.region, c.province, c.city,
    full_name(c.city, b.written, '商贸有限公司') as name,
    ['金牌', '银牌', '普通'][1 + pick('dealer tier', n.dealer_no, 3)] as tier
from numbered as n
-- one draw in each n-th of the weights, so that the dealers are spread as the customers are
join cities as c on (n.dealer_no - draw('dealer city', n.dealer_no)) / n.dealer_count >= c.low
    and (n.dealer_no - draw('dealer city', n.dealer_no)) / n.dealer_count < c.high
join brands as b on b.brand_no = pick('dealer brand', n.dealer_no, (select count(*) from brands));

create or replace table stores as
select
    d.dealer_no * 100 + n as store_no, 'MD' || format('{:05d}', d.dealer_no * 100 + n) as store_id,
    d.dealer_no, d.dealer_id, d.region, d.province, d.city,
    full_name(null, d.city, ['中心店', '万达店', '人民路店', '解放路店', '建设路店', '火车站店'][n]) as name,
    0.6 + 0.8 * draw('store size', d.dealer_no * 100 + n) as size
from dealers as d
cross join lateral (select unnest(range(1, 4 + pick('stores', d.dealer_no, 4))) as n) as numbers;

create or replace table dealer_products as
with listed as (
    select
        d.dealer_no * 1000 + p.product_no as stock_no, d.dealer_no, d.dealer_id, p.product_no, p.crm_id as product_id,
        p.list_price,
        0.5 * exp(0.5 * bell('dealer demand', d.dealer_no * 1000 + p.product_no)) * least(1.5, 120 / p.list_price) as demand,
        case when p.list_price > 500 then 2 else 12 end as case_size
    from dealers as d
    cross join products as p
    where p.category <> '医院设备' and draw('dealer lists', d.dealer_no * 1000 + p.product_no) < 0.4
),
sizes as (
    select dealer_no, sum(size) as size from stores group by dealer_no
)
-- four weeks of the best demand and two cases: more than ever leaves between two orders
select l.*, (2 * case_size + 56 * demand * s.size)::bigint as opening
from listed as l
join sizes as s using (dealer_no);

-- What the stores sold, day by day since the beginning: stock is a sum over all of it.
create or replace table store_days as
with wanted as (
    select
        s.store_no, s.store_id, p.stock_no, p.dealer_no, d.day,
        (s.store_no * 100 + p.product_no) * 100000 + d.day_no as sale_key,
        p.demand * s.size * d.season * case when d.weekday >= 6 or d.is_holiday then 1.4 else 0.85 end
            * demand_factor(p.dealer_no, date_trunc('month', d.day)::date) as expected
    from dealer_products as p
    join stores as s using (dealer_no)
    cross join open_days as d
)
select *, least(rounded(expected, 'store sells', sale_key), 6) as quantity
from wanted
where rounded(expected, 'store sells', sale_key) > 0;

create or replace table outflows as
select stock_no, day, sale_key as flow_key, false as is_return, quantity from store_days
union all
-- once in a while a case goes back to us at the beginning of a quarter
select p.stock_no, d.day, -(p.stock_no * 100000 + d.day_no), true, p.case_size
from dealer_products as p
cross join open_days as d
where day(d.day) = 1 and month(d.day) % 3 = 1 and draw('goes back', p.stock_no * 100000 + d.day_no) < 0.12;

-- Every Monday a dealer orders what left since the Monday before, in whole cases.
create or replace table dealer_orders as
with left_until as (
    select p.stock_no, m.day as monday, coalesce(sum(o.quantity), 0)::bigint as gone
    from dealer_products as p
    cross join (select day from open_days where weekday = 1) as m
    left join outflows as o on o.stock_no = p.stock_no and o.day < m.day
    group by all
),
filled as (
    select p.*, l.monday, ceil(gone / case_size)::bigint * case_size as ordered_until
    from left_until as l
    join dealer_products as p using (stock_no)
),
steps as (
    select *, ordered_until - coalesce(lag(ordered_until) over (partition by stock_no order by monday), 0) as quantity
    from filled
)
select
    stock_no, dealer_no, dealer_id, product_id, list_price, quantity, at_hour(monday, 10) as ordered_at,
    'JH' || strftime(monday, '%y%m%d') || format('{:03d}', dealer_no) as order_id,
    row_number() over (partition by dealer_no, monday order by stock_no) as line_no,
    'P' || strftime(monday, '%G%V') as batch_id
from steps
where quantity > 0;

-- First in, first out: units have numbers in the order in which they came, and leave in that order.
create or replace table store_sales as
with inflows as (
    select stock_no, getvariable('start_date')::timestamp as moment, opening as quantity, 'P' || strftime(getvariable('start_date')::date - 28, '%G%V') as batch_id
    from dealer_products
    union all
    select stock_no, ordered_at, quantity, batch_id from dealer_orders
),
came as (
    select *, sum(quantity) over (partition by stock_no order by moment) as until, sum(quantity) over (partition by stock_no order by moment) - quantity as since
    from inflows
),
went as (
    select *, sum(quantity) over numbered as until, sum(quantity) over numbered - quantity as since
    from outflows
    window numbered as (partition by stock_no order by day, is_return desc, flow_key rows unbounded preceding)
)
select
    w.stock_no, w.day, w.flow_key, w.is_return, c.batch_id,
    row_number() over (partition by w.flow_key order by c.moment) as part,
    (least(w.until, c.until) - greatest(w.since, c.since))::bigint as quantity
from went as w
join came as c on c.stock_no = w.stock_no and c.since < w.until and w.since < c.until;

create or replace table dealer_counts as
with flows as (
    select stock_no, day, -quantity as change from outflows
    union all
    select stock_no, ordered_at::date, quantity from dealer_orders
    union all
    select stock_no, getvariable('start_date')::date, opening from dealer_products
),
daily as (
    select stock_no, day, sum(change) as change from flows group by all
),
running as (
    select stock_no, d.day, d.weekday, sum(coalesce(f.change, 0)) over (partition by stock_no order by d.day) as stock
    from (select stock_no from dealer_products) as p
    cross join open_days as d
    left join daily as f using (stock_no, day)
)
select
    p.stock_no, p.dealer_no, p.dealer_id, p.product_id, r.day, r.stock::bigint as flowing,
    -- what vanished is missing in every count since
    greatest(0, r.stock - case
        when p.dealer_no = getvariable('stock_leak_dealer_no') and r.day >= getvariable('stock_leak_first_date')
            and p.stock_no = (select arg_max(stock_no, opening) from dealer_products where dealer_no = getvariable('stock_leak_dealer_no'))
            then getvariable('stock_leak_units')
        else 0
    end)::bigint as quantity
from running as r
join dealer_products as p using (stock_no)
where r.weekday = 7 or r.day = getvariable('start_date');
