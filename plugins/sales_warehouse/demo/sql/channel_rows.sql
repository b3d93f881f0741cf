-- What the phone system, the web site, the survey tool, the dealers and the planners hand over, in their own columns, all text.
create or replace view rows_calls as
select
    call_key as _key, 0 as _version, days_on(started_at, seconds / 86400) as _at,
    call_id as 通话编号, direction as 方向, case direction when 'inbound' then phone else '4008001234' end as 主叫号码,
    case direction when 'inbound' then '4008001234' else phone end as 被叫号码, crm_id as 客户编号, contact_id as 联系人编号,
    rep_id as 坐席工号, strftime(started_at, '%Y/%m/%d %H:%M:%S') as 开始时间, seconds::varchar as 通话秒数,
    case when seconds = 0 then '未接通' else topic end as 通话结果
from calls;

create or replace view rows_web_events as
select
    web_key as _key, 0 as _version, occurred_at as _at,
    event_id as id, event_type as type, visitor_id as visitor, contact_id as crm_contact, content_type as page_kind, content_id as page,
    strftime(occurred_at, '%Y-%m-%dT%H:%M:%S+08:00') as time
from web_events;

create or replace view rows_order_surveys as
select
    survey_key as _key, 0 as _version, monday_after(answered_at) as _at,
    survey_id as 问卷编号, order_id as 订单编号, member_id as 会员号, score::varchar as 评分, '10' as 满分, text_at(answered_at) as 答复时间,
    case when score <= 6 then ['物流慢', '包装破损', '客服回复慢'][1 + pick('complains', survey_key, 3)] end as 评语
from order_surveys;

create or replace view rows_store_surveys as
select
    survey_key as _key, 0 as _version, monday_after(answered_at) as _at,
    survey_id as 问卷编号, store_id as 门店编号, dealer_id as 经销商编号, score::varchar as 评分, '5' as 满分, text_at(answered_at) as 答复时间,
    case when score <= 2 then ['缺货', '店员不专业', '价格偏高'][1 + pick('complains', survey_key, 3)] end as 评语
from store_surveys;

create or replace view rows_dealers as
select dealer_no as _key, 0 as _version, getvariable('start_date')::timestamp as _at, dealer_id, name, region, tier from dealers;

create or replace view rows_stores as
select
    store_no as _key, 0 as _version, getvariable('start_date')::timestamp as _at,
    store_id, dealer_id, name, region, province, city
from stores;

create or replace view rows_dealer_orders as
with lines as (
    select
        stock_no * 100000 + day_number(ordered_at::date) as key, dealer_id, order_id, line_no, product_id, quantity, list_price, batch_id, ordered_at
    from dealer_orders
    union all
    select
        (s.stock_no * 100000 + day_number(s.day)) * 10 + 5000000000000 + s.part, p.dealer_id, 'JT' || strftime(s.day, '%y%m%d') || format('{:03d}', p.dealer_no),
        row_number() over (partition by p.dealer_no, s.day order by s.stock_no, s.part), p.product_id, -s.quantity, p.list_price, s.batch_id, at_hour(s.day, 9)
    from store_sales as s
    join dealer_products as p using (stock_no)
    where s.is_return
)
select
    key as _key, 0 as _version, ordered_at as _at, dealer_id as _group,
    order_id, line_no::varchar as line_no, dealer_id, product_id, quantity::varchar as quantity,
    (quantity * list_price * 0.72)::decimal(18, 2)::varchar as amount, text_at(ordered_at) as ordered_at, batch_id
from lines;

create or replace view rows_dealer_inventory as
select
    stock_no * 100000 + day_number(day) as _key, 0 as _version, at_hour((day + 1)::date, 9.5) as _at, dealer_id as _group,
    dealer_id, product_id, day::varchar as counted_on, quantity::varchar as quantity, text_at(at_hour((day + 1)::date, 9)) as reported_at
from dealer_counts
where not dealer_is_silent(dealer_no, day);

create or replace view rows_store_sales as
select
    s.flow_key * 10 + s.part as _key, 0 as _version, monday_after(s.day) as _at, p.dealer_id as _group,
    'LS' || s.flow_key::varchar || '-' || s.part::varchar as sale_no, d.store_id, p.product_id, s.quantity::varchar as quantity,
    (s.quantity * p.list_price * 0.95)::decimal(18, 2)::varchar as amount, s.day::varchar as sold_on, s.batch_id
from store_sales as s
join store_days as d on d.sale_key = s.flow_key
join dealer_products as p on p.stock_no = s.stock_no
where not s.is_return and not dealer_is_silent(p.dealer_no, s.day);

create or replace view rows_market_events as
select
    event_key as _key, 0 as _version, at_hour(known_on, 8) as _at,
    event_id, event_type, actor, region, category, product_line, starts_on::varchar as starts_on, ends_on::varchar as ends_on, description
from market_events
where known_on >= getvariable('start_date');

create or replace view rows_targets as
select
    goal_key as _key, 0 as _version, at_hour(greatest(starts_on, getvariable('start_date')), 8) as _at,
    goal_id as target_id, 'net_sales' as metric, 'region=' || region as scope, target, starts_on::varchar as starts_on, due_on::varchar as due_on,
    full_name(null, region, '大区经理') as owner, '年度计划分解到大区' as relevance
from goals;

create or replace view rows_experiments as
select distinct
    experiment_key as _key, 0 as _version, at_hour(greatest(starts_on, getvariable('start_date')), 8) as _at,
    experiment_id, '当日电话回访比次日微信回访转化率高' as hypothesis, 'lead_conversion_rate' as metric, 'lead' as unit,
    starts_on::varchar as starts_on, ends_on::varchar as ends_on
from assignments;

create or replace view rows_assignments as
select
    lead_key as _key, 0 as _version, assigned_at as _at,
    experiment_id, lead_id as unit, variant, text_at(assigned_at) as assigned_at
from assignments;
