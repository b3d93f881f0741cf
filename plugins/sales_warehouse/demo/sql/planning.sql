-- What the planners keep in files: events of the market, goals, and tests of how to follow up.
create or replace table market_events as
with months as (
    select day as month_start, day_no from open_days where day(day) = 1
),
told as (
    -- a promotion of our own each month, somewhere
    select
        day_no * 10 as event_key, 'promotion' as event_type, 'own' as actor,
        ['华南', '华北', '华中', '西南'][1 + pick('promoted region', day_no, 4)] as region,
        ['家用监测', '辅食', '蛋白营养', '伤口护理'][1 + pick('promoted category', day_no, 4)] as category, null as product_line,
        (month_start + 9)::date as starts_on, (month_start + 15)::date as ends_on,
        '会员周促销' as description, month_start::date as known_on
    from months
    union all
    -- what competitors do elsewhere and at other times
    select
        day_no * 10 + 1, 'buy_one_get_one', 'competitor', '东北', ['辅食', '中老年营养'][1 + pick('rival category', day_no, 2)], null,
        (month_start + 4)::date, (month_start + 10)::date, '竞品买一赠一', (month_start + 5)::date
    from months
    where draw('rival acts', day_no) < 0.5
    union all
    select
        min(day_no) * 10 + 2, 'holiday', 'public', null, null, null, min(day), max(day), '法定节假日', (min(day) - 30)::date
    from (select day, day_no, day_no - row_number() over (order by day) as stretch from open_days where is_holiday)
    group by stretch
    union all
    select 1, 'buy_one_get_one', 'competitor', getvariable('competitor_promotion_region'), getvariable('competitor_promotion_category'), null,
        getvariable('competitor_promotion_first_date'), getvariable('competitor_promotion_last_date'), '竞品买一赠一',
        getvariable('competitor_promotion_first_date')
    where getvariable('competitor_promotion_first_date') is not null
    union all
    select 2, 'price_change', 'own', null, null, getvariable('price_rise_product_line'), getvariable('price_rise_first_date'), null, '上调报价',
        getvariable('price_rise_first_date')
    where getvariable('price_rise_first_date') is not null
    union all
    select 3, 'low_price_offer', 'competitor', getvariable('competitor_entry_region'), null, getvariable('competitor_entry_product_line'),
        getvariable('competitor_entry_first_date'), null, '竞品低价入场', getvariable('competitor_entry_first_date')
    where getvariable('competitor_entry_first_date') is not null
)
select *, 'SC' || event_key::varchar as event_id from told;

-- Quarterly goals of the regions, set on the first day of the quarter: a little more than a fair share.
-- The planted one is what is reached by now over the share that has to be reached by now.
create or replace table goals as
with moved as (
    select region, is_cancelled, ordered_at as moved_at, net as amount from shop_lines
    union all
    select region, is_cancelled, ordered_at, net from field_lines
    union all
    select region, false, refunded_at, -refund from shop_refunds
    union all
    select l.region, false, r.returned_at, -r.refund from field_returns as r join field_lines as l using (line_key)
),
reached as (
    select sum(amount) as amount
    from moved
    where not is_cancelled and region = getvariable('sales_goal_region')
        and moved_at::date between getvariable('sales_goal_first_date') and getvariable('business_date')
)
select
    d.day_no * 10 + r.region_no as goal_key,
    'MB' || strftime(d.day, '%y%m') || r.region_no::varchar as goal_id,
    r.region, d.day as starts_on, (d.day + interval 3 month - interval 1 day)::date as due_on,
    case
        when r.region = getvariable('sales_goal_region') and d.day = getvariable('sales_goal_first_date')
            then (reached.amount / getvariable('sales_goal_progress'))::decimal(18, 2)::varchar
        else round(
            (getvariable('orders_per_day') * 216000 + getvariable('customers') * 12500) * r.share * d.season
            * (0.92 + 0.2 * draw('goal', d.day_no * 10 + r.region_no)), -4
        )::bigint::varchar
    end as target
from all_days as d
cross join regions as r
cross join reached
where day(d.day) = 1 and month(d.day) % 3 = 1 and d.day + interval 3 month > getvariable('start_date');

-- One test of the follow-up at a time: every enquiry of two months is put into one of two groups, once.
create or replace table assignments as
select
    l.lead_key, l.lead_id, 'SY' || strftime(tests.day, '%y%m') as experiment_id, tests.day as starts_on, (tests.day + interval 2 month - interval 1 day)::date as ends_on,
    tests.day_no as experiment_key,
    lead_variant(l.lead_key) as variant, l.assigned_at
from leads as l
join enquiries as e on e.lead_key = l.lead_key and not e.is_lost
join all_days as tests on day(tests.day) = 1 and month(tests.day) % 3 = 2
    and l.created_at::date between tests.day and (tests.day + interval 2 month - interval 1 day)::date;
