-- The fixed lists of the world, with what choosing from them needs: `low` and `high` cut [0, 1) by weight.
create table cities as
select
    *,
    coalesce(sum(weight) over (order by row_no rows between unbounded preceding and 1 preceding), 0) / sum(weight) over () as low,
    sum(weight) over (order by row_no rows unbounded preceding) / sum(weight) over () as high
from list_cities;

create table industries as
select
    *,
    coalesce(sum(weight) over (order by row_no rows between unbounded preceding and 1 preceding), 0) / sum(weight) over () as low,
    sum(weight) over (order by row_no rows unbounded preceding) / sum(weight) over () as high
from list_industries;

create table products as
select
    *,
    'CP' || format('{:04d}', product_no) as crm_id,
    'SKU-' || (880000 + product_no * 13)::varchar as sku,
    row_number() over (partition by product_line order by product_no) - 1 as line_slot,
    count(*) over (partition by product_line) as line_count
from list_products;

-- Equipment for hospitals goes through deals, not through the shop. The first products of the list have the first slots.
create table shelf as
select * exclude (line_slot, line_count), row_number() over (order by product_no) - 1 as slot,
    row_number() over (partition by product_line order by product_no) - 1 as line_slot, count(*) over (partition by product_line) as line_count,
    count(*) over () as product_count,
    case when list_price <= 780 then row_number() over (partition by list_price <= 780 order by product_no) - 1 end as cheap_slot,
    count(*) filter (list_price <= 780) over () as cheap_count
from products
where category <> '医院设备';

create table line_presence as
select product_line, count(distinct first * 10 + lines) / (any_value(product_count) * 4) as presence
from shelf
cross join lateral (select unnest(range(product_count)) as first) as f
cross join (select unnest(range(1, 5)) as lines) as l
cross join (select unnest(range(1, 5)) as line_no) as n
where line_no <= lines and slot = (first + line_no * 5) % product_count
group by product_line;

create macro shelf_slot(order_key, line_no) as
    (pick('shop product', order_key, (select count(*) from shelf)) + line_no * 5) % (select count(*) from shelf);

create table regions as
select region, region_no, sum(weight) / sum(sum(weight)) over () as share
from cities
group by all;

create table people_names as
select
    (s.row_no - 1) * (select count(*) from list_given_names) + g.row_no - 1 as name_no,
    concat_ws(getvariable('gap'), s.written, g.written) as person,
    s.pinyin || g.pinyin as pinyin
from list_surnames as s
cross join list_given_names as g;

create table brands as
select *, row_no - 1 as brand_no from list_brands;

create table teams as
select * from list_teams;
