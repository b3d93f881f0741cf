-- The floor: the same order lines from the same CSV files to the same kinds of tables and files, as one script that a
-- person would write for this data alone. No orchestration, no landing, no lineage, no quarantine with reasons.
create or replace view raw_orders as
select * from read_csv('{data}/orders_*.csv', header = true, all_varchar = true, auto_detect = false, delim = ',', quote = '"',
    columns = {order_id: 'varchar', customer_id: 'varchar', rep_id: 'varchar', channel: 'varchar', region: 'varchar',
               status: 'varchar', ordered_at: 'varchar', updated_at: 'varchar'});
create or replace view raw_lines as
select * from read_csv('{data}/order_lines_*.csv', header = true, all_varchar = true, auto_detect = false, delim = ',', quote = '"',
    columns = {order_id: 'varchar', line_number: 'varchar', product_id: 'varchar', quantity: 'varchar', price: 'varchar',
               discount: 'varchar', tax: 'varchar'});
create schema marts;
create table marts.dim_customers as
select customer_id, name, credit_code, region, owner_id from read_csv('{data}/customers.csv', header = true, all_varchar = true);
create table marts.dim_products as
select product_id, name, product_line, category, price_band, cast(list_price as decimal(18, 4)) as list_price
from read_csv('{data}/products.csv', header = true, all_varchar = true);
create table marts.dim_sales_reps as
select rep_id, name, team, region, manager_id from read_csv('{data}/sales_reps.csv', header = true, all_varchar = true);
-- typed, checked, and the latest version of each order and line
create table orders as
select order_id, arg_max(columns(* exclude (order_id, updated_at)), updated_at) from (
    select order_id, customer_id, rep_id, channel, region, status,
        try_cast(ordered_at as timestamp) - interval 8 hour as ordered_at,
        try_cast(updated_at as timestamp) as updated_at
    from raw_orders
)
where order_id is not null and ordered_at is not null and status in ('placed', 'paid', 'shipped', 'delivered', 'cancelled')
group by order_id;
create table lines as
select order_id, line_number, any_value(columns(* exclude (order_id, line_number))) from (
    select order_id, try_cast(line_number as bigint) as line_number, product_id, try_cast(quantity as bigint) as quantity,
        try_cast(price as decimal(18, 4)) as price, try_cast(discount as decimal(18, 2)) as discount,
        try_cast(tax as decimal(18, 2)) as tax
    from raw_lines
)
where order_id is not null and line_number is not null and product_id is not null and quantity > 0 and price >= 0
    and discount between 0 and quantity * price
group by order_id, line_number;
create table marts.fct_order_lines as
select l.order_id, l.line_number, o.customer_id, l.product_id, o.rep_id, o.channel, o.region, o.status, o.ordered_at,
    cast(o.ordered_at + interval 8 hour as date) as order_date, l.quantity, l.price as unit_price_amount,
    cast(l.quantity * l.price as decimal(18, 4)) as gross_amount, l.discount as discount_amount, l.tax as tax_amount,
    cast(l.quantity * l.price - l.discount as decimal(18, 4)) as net_amount, o.status = 'cancelled' as is_cancelled
from lines as l join orders as o using (order_id);
create table marts.fct_touchpoints as
select order_id, 'order' as touchpoint_type, customer_id, rep_id, ordered_at,
    cast(ordered_at + interval 8 hour as date) as occurred_date, channel
from orders;
create table marts.fct_sales_daily as
select f.order_date, f.region, f.channel, f.rep_id, p.product_line, p.category,
    sum(f.gross_amount) as gross_amount, sum(f.discount_amount) as discount_amount, sum(f.net_amount) as net_sales_amount,
    count(distinct f.order_id) as order_count, sum(f.quantity) as unit_count
from marts.fct_order_lines as f left join marts.dim_products as p using (product_id)
where not f.is_cancelled group by all;
create table marts.kpi_values as
select 'net_sales' as metric_id, grain, date_trunc(grain, order_date) as period, dimension, member, sum(net_sales_amount) as value
from (
    select order_date, net_sales_amount, unnest(['total', 'region', 'channel', 'rep', 'product_line', 'category']) as dimension,
        unnest(['total', region, channel, rep_id, product_line, category]) as member
    from marts.fct_sales_daily
) cross join (select unnest(['day', 'week', 'month', 'quarter']) as grain)
group by all;
drop table lines;
drop table orders;
