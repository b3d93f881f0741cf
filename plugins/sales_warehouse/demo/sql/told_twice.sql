-- Orders of the web shop that a seller enters in the CRM once more: some with a piece too many, some for another customer.
create or replace table told_twice as
with chosen as (
    select o.order_key, o.order_id, o.account_key, o.region, o.ordered_at, o.finished_at, a.crm_id, a.owner_id
    from shop_orders as o
    join accounts as a using (account_key)
    where a.in_crm and a.opened_at <= o.ordered_at and not o.is_cancelled and is_since('orders_told_twice', o.ordered_at::date)
        and strikes('orders_told_twice', getvariable('orders_told_twice_rate'), o.order_key)
)
select
    8000000000000000 + c.order_key as copy_key, 'SC-' || c.order_id as copy_id, c.order_key, c.region, c.owner_id,
    c.ordered_at, days_on(c.ordered_at, 0.1 + 1.5 * draw('told twice at', c.order_key)) as recorded_at, c.finished_at,
    strikes('told with another amount', getvariable('orders_told_twice_other_amount'), c.order_key) as is_other_amount,
    case when strikes('told for another', getvariable('orders_told_twice_other_customer'), c.order_key) then coalesce(other.crm_id, c.crm_id) else c.crm_id end as crm_id
from chosen as c
left join owned as mine using (account_key)
left join owned as next on next.owner_key = mine.owner_key and next.owner_slot = (mine.owner_slot + 1) % mine.owned_count
left join accounts as other on other.account_key = next.account_key;

create or replace table lines_told_twice as
select
    8000000000000000 + l.line_key as copy_key, t.copy_id, t.recorded_at, l.line_no, p.crm_id as product_id, l.price, l.discount, l.tax,
    l.quantity + (t.is_other_amount and l.line_no = min(l.line_no) over (partition by l.order_key))::int as quantity
from shop_lines as l
join told_twice as t using (order_key)
join products as p using (sku);
