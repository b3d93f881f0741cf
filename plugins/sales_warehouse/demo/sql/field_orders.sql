-- A won deal is for one to three products; their units times their prices are the amount of the deal. The price is what
-- was agreed: the list price less a discount, moved so that the units come out even.
create or replace table deal_lines as
with sized as (
    select d.deal_key, d.product_line, d.final_amount, quoted(1, d.product_line, d.created_at::date) as dearer, 1 + pick('line count', d.deal_key, 3) as wished_count
    from deals as d
    where d.is_won
),
ranked as (
    select *, row_number() over (partition by product_line order by list_price, product_no) - 1 as price_slot from products
),
-- so many of the cheaper products of the line are within the reach of one line
reached as (
    select s.*, greatest(1, count(*) filter (0.885 * r.list_price * s.dearer <= s.final_amount / s.wished_count)) as fit_count
    from sized as s
    join ranked as r using (product_line)
    group by all
),
listed as (
    select
        *, least(wished_count, fit_count) as line_count,
        unnest(range(1, least(wished_count, fit_count) + 1)) as line_no
    from reached
),
chosen as (
    select l.*, r.crm_id as product_id, r.category, r.list_price * l.dearer * (0.82 + 0.13 * draw('deal price', l.deal_key)) as usual_price
    from listed as l
    join ranked as r on r.product_line = l.product_line
        and r.price_slot = (pick('first product', l.deal_key, l.fit_count) + l.line_no - 1) % l.fit_count
),
counted as (
    select *, greatest(1, ceil(final_amount / line_count / usual_price - 0.25))::bigint as units from chosen
)
select deal_key, line_no, product_id, category, units, round(final_amount / line_count / units, 2)::decimal(18, 2) as price
from counted;

-- The units of a line are spread over the call-offs, the first ones first; an order entered by mistake repeats the first.
create or replace macro called_units(units, n, call_count) as
    ((n % call_count + 1) * units + call_count - 1) // call_count - (n % call_count * units + call_count - 1) // call_count;

-- A won deal is called off week by week in up to nine orders; each is shipped, invoiced and paid in its own time.
-- Now and then one is entered by mistake, and deleted some days later.
create or replace table field_orders as
with won as (
    select d.*, is_within('unpaid_cohort', l.created_at::date) as is_of_the_cohort
    from deals as d
    join leads as l on l.lead_key = d.deal_key
    where d.is_won
),
-- which of the deals of a month's enquiries nobody ever pays for is counted off
judged as (
    select
        * exclude (is_of_the_cohort),
        coalesce(is_of_the_cohort and row_number() over (partition by is_of_the_cohort order by draw('unpaid_cohort', deal_key))
            <= round(getvariable('unpaid_cohort_rate') * count(*) over (partition by is_of_the_cohort)), false) as is_never_paid
    from won
),
calls as (
    select d.*, n, call_count, d.deal_key * 10 + n as order_key, n = call_count as is_mistyped
    from judged as d
    cross join lateral (select 4 + pick('call-offs', d.deal_key, 6) as call_count) as c
    cross join lateral (select unnest(range(c.call_count + (draw('mistypes', d.deal_key) < 0.06)::int)) as n) as numbers
),
-- what has fewer units than call-offs is called off sooner
with_units as (
    select * from calls
    where exists (select 1 from deal_lines as l where l.deal_key = calls.deal_key and called_units(l.units, calls.n, calls.call_count) > 0)
),
dated as (
    select *, at_hour(weekday_of((closed_at::date + (2 + 7 * n + pick('call day', order_key, 3))::int)::date), 9 + 8 * draw('call hour', order_key)) as ordered_at
    from with_units
),
kept as (
    select * from dated where not order_is_missing(region, ordered_at::date, order_key)
),
lived as (
    select
        *,
        days_on(ordered_at, case when draw('order late', order_key) < 0.9 then 0.2 * draw('order lag', order_key) else 1 + 3 * draw('order lag', order_key) end) as recorded_at,
        is_mistyped or draw('order cancelled', order_key) < 0.02 as is_cancelled,
        days_on(ordered_at, 4.5 + 3 * draw('shipped', order_key)) as shipped_at,
        draw('pays', order_key) as pay_draw,
        [30, 45, 60][1 + pick('terms', deal_key, 3)] as terms_days
    from kept
)
select
    order_key, deal_key, account_key, contact_key, crm_id, owner_id, deal_id, region, province, product_line, n, is_new_company,
    'DD' || substr(deal_id, 3) || '-' || (n + 1)::varchar as order_id,
    case when industry = '经销商' then '经销' when draw('order channel', deal_key) < 0.13 then '电话' else '直销' end as channel,
    ordered_at, recorded_at, is_cancelled, is_mistyped, shipped_at,
    case when is_mistyped then days_on(recorded_at, 0.1 + 5 * draw('deleted', order_key)) end as deleted_at,
    days_on(shipped_at, 2 + 3 * draw('delivered', order_key)) as delivered_at,
    days_on(shipped_at, 1 + 2 * draw('invoiced', order_key)) as invoiced_at,
    days_on(shipped_at, 1 + 2 * draw('invoiced', order_key))::date + terms_days as due_date,
    case when pay_draw < 0.94 and not is_never_paid then 1 + (pay_draw < 0.12)::int else 0 end as payment_count,
    case when is_counted_off(region, created_at::date) then days_on(shipped_at, 1)
        else at_hour(weekday_of((days_on(shipped_at, 3)::date + terms_days + least(40, greatest(-20, -4 + 9 * bell('pay delay', order_key)))::int)::date), 15) end as paid_at,
    call_count
from lived;

create or replace table field_lines as
with wanted as (
    select o.*, l.line_no, o.order_key * 10 + l.line_no as line_key, l.product_id, l.category, l.price, l.units
    from field_orders as o
    join deal_lines as l using (deal_key)
),
counted as (
    select *, (called_units(units, n, call_count) * line_factor(region, product_line, ordered_at::date))::bigint as quantity
    from wanted
    where called_units(units, n, call_count) > 0
        and not line_is_missing(region, product_line, category, account_key in (from closed_accounts), ordered_at::date, line_key)
)
select
    line_key, order_key, order_id, line_no, product_id, quantity, price, ordered_at, recorded_at, is_cancelled, deleted_at, delivered_at, region,
    discount::decimal(18, 2) as discount,
    ((price * quantity - discount::decimal(18, 2)) * 0.13)::decimal(18, 2) as tax,
    price * quantity - discount::decimal(18, 2) as net,
    crm_id
from counted
cross join lateral (select case when draw('line discount', line_key) < 0.15
    then price * quantity * (0.02 + 0.03 * draw('line discount rate', line_key)) else 0 end as discount) as d;

create or replace table invoices as
select
    o.order_key, 'FP' || substr(o.order_id, 3) as invoice_id, o.order_id, o.invoiced_at, o.due_date,
    sum(l.net + l.tax)::decimal(18, 2) as amount, o.payment_count, o.paid_at
from field_orders as o
join field_lines as l using (order_key)
where not o.is_cancelled
group by all;

create or replace table payments as
select
    order_key * 10 + n as payment_key, 'HK' || substr(invoice_id, 3) || '-' || n::varchar as payment_id, invoice_id, order_key,
    n = payment_count as is_last,
    days_on(paid_at, (n - 1) * 18) as paid_at,
    days_on(paid_at, (n - 1) * 18 + case when draw('payment late', order_key * 10 + n) < 0.85 then 0.1 else 1 + 2 * draw('payment lag', order_key * 10 + n) end) as recorded_at,
    case when payment_count = 1 then amount when n = 1 then (amount * 0.5)::decimal(18, 2) else amount - (amount * 0.5)::decimal(18, 2) end as amount
from invoices
cross join lateral (select unnest(range(1, payment_count + 1)) as n) as numbers;

create or replace table field_returns as
select
    line_key, 'TH' || substr(order_id, 3) || '-' || line_no::varchar as return_id, order_id, line_no,
    greatest(1, (quantity * (0.1 + 0.4 * draw('returned share', line_key)))::bigint) as returned,
    (net * greatest(1, (quantity * (0.1 + 0.4 * draw('returned share', line_key)))::bigint) / quantity)::decimal(18, 2) as refund,
    ['包装破损', '型号不符', '质量问题', '效期过短', '客户取消'][1 + pick('return reason', line_key, 5)] as reason,
    days_on(delivered_at, 4 + 14 * draw('return day', line_key)) as returned_at
from field_lines
where not is_cancelled and draw('is returned', line_key) < 0.02
    and not order_is_missing(region, days_on(delivered_at, 4 + 14 * draw('return day', line_key))::date, line_key);
