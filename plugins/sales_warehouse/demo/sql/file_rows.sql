-- What the web shop, the chat platform and the field teams hand over, in their own columns, all text.
-- The shop writes dates with slashes and money with a sign and thousands commas.
create or replace macro shop_time(moment) as strftime(moment, '%Y/%m/%d %H:%M:%S');
create or replace macro shop_money(amount) as '¥' || format('{:,.2f}', amount::double);

create or replace view rows_catalogue as
select
    product_no as _key, 0 as _version, getvariable('start_date')::timestamp as _at,
    sku, product as title, product_line as line, category, price_band as band, shop_money(list_price) as price, unit, traits as features
from products;

create or replace view rows_members as
with states as (
    select *, 0 as version, greatest(joined_at, getvariable('start_date')::timestamp) as seen_at,
        case size_band when '大型' then '金牌' when '中型' then '银牌' else '普通' end as grade
    from accounts where in_shop
    union all
    select *, 1, days_on(greatest(joined_at, getvariable('start_date')::timestamp), 10 + 300 * draw('regraded on', account_key)), '银牌'
    from accounts where in_shop and draw('regraded', account_key) < 0.15
)
select
    s.account_key as _key, version as _version, seen_at as _at,
    member_id as member_no,
    shop_name as company_name, shop_code as license_no, industry as trade, province, city, grade, c.person as buyer_name,
    c.phone as mobile,
    c.email as mail, c.wechat_id as wechat, shop_time(joined_at) as joined, shop_time(seen_at) as modified
from states as s
join contacts as c on c.account_key = s.account_key and c.j = 0;

create or replace view rows_orders as
with states as (
    select
        *, 0 as version, days_on(coalesce(case when paid_at < ordered_at + interval 1 hour then paid_at end, ordered_at), late_days) as seen_at,
        case when paid_at < ordered_at + interval 1 hour then '已付款' else '待付款' end as status
    from shop_orders
    union all
    select *, 1, days_on(greatest(finished_at, coalesce(paid_at, finished_at)), late_days), case when is_cancelled then '已取消' else '已签收' end
    from shop_orders
    union all
    -- closed again by customer service, days after it was delivered
    select *, 2, days_on(finished_at, late_days + 5 + 5 * draw('shop correction', order_key)), '已取消' from shop_orders where is_corrected and not is_cancelled
)
select
    order_key as _key, version as _version, seen_at as _at,
    order_id as order_no, member_id as member_no, platform, province, status as state, 'CNY' as currency,
    shop_time(ordered_at) as created_time,
    case when status = '待付款' then null else shop_time(paid_at) end as pay_time,
    case when status = '已签收' or version = 2 then shop_time(finished_at) end as finish_time,
    shop_time(seen_at) as modified_time
from states;

create or replace view rows_order_lines as
select
    line_key as _key, 0 as _version, days_on(ordered_at, late_days) as _at,
    order_id as order_no, line_no::varchar as seq, sku, product as title, quantity::varchar as qty,
    shop_money(price) as price, shop_money(discount) as discount, shop_money(tax) as tax
from shop_lines;

create or replace view rows_refunds as
select
    line_key as _key, 0 as _version, refunded_at as _at,
    'TK' || substr(order_id, 3) || '-' || line_no::varchar as refund_no, order_id as order_no, line_no::varchar as seq, units::varchar as qty,
    shop_money(refund) as amount,
    ['包装破损', '七天无理由', '质量问题', '发错货', '效期过短'][1 + pick('refund reason', line_key, 5)] as reason,
    shop_time(refunded_at) as refund_time
from shop_refunds;

create or replace view rows_chats as
select
    chat_key as _key, 0 as _version, days_on(ended_at, late_days) as _at,
    chat_id, platform, case when platform = 'wechat' then wechat_id end as openid, visitor_id, crm_id as account_no, account_name, credit_code,
    contact_id as contact_no, person as contact_name, phone, rep_id as agent_no, rep_name as agent_name, team as agent_team,
    strftime(started_at, '%Y-%m-%dT%H:%M:%S+08:00') as started_at, strftime(answered_at, '%Y-%m-%dT%H:%M:%S+08:00') as answered_at,
    strftime(ended_at, '%Y-%m-%dT%H:%M:%S+08:00') as closed_at, message_count::varchar as message_count, score::varchar as score, intent,
    started_at as _started_at, answered_at as _answered_at, message_count as _message_count
from chats;

create or replace view rows_visits as
select
    touch_key as _key, 0 as _version, recorded_at as _at, team as _team, visit_file as _form,
    visit_id as 拜访编号, rep_id as 工号, rep_name as 拜访人, team as 所属团队, crm_id as 客户编号, account_name as 客户名称, credit_code as 信用代码,
    contact_id as 联系人编号, person as 联系人, phone as 联系电话, deal_id as 商机编号,
    strftime(started_at, '%Y-%m-%d') as 拜访日期, strftime(started_at, '%H:%M') as 开始时间, strftime(ended_at, '%H:%M') as 结束时间,
    purpose as 拜访目的, outcome as 拜访结果, latitude::varchar as 纬度, longitude::varchar as 经度,
    strftime(recorded_at, '%Y-%m-%d %H:%M') as 录入时间, notes as 备注
from field_visits;
