-- What customers answer when they are asked: about an order of the web shop, about a store and its dealer.
create or replace table order_surveys as
select
    order_key as survey_key, 'WJ' || substr(order_id, 3) as survey_id, order_id, member_id,
    days_on(finished_at, 0.5 + 6 * draw('order answered', order_key)) as answered_at,
    10 - least(10, floor(-1.6 * ln(1 - draw('order score', order_key)))::bigint) as score
from shop_orders
where not is_cancelled and draw('order is surveyed', order_key) < 0.1;

create or replace table store_surveys as
with asked as (
    select m.day as month_start, s.*, (s.store_no * 100000 + (m.day - date '2000-01-01')) * 10 + n as survey_key
    from stores as s
    cross join (select day from open_days where day(day) = 1) as m
    cross join lateral (select unnest(range(3 + pick('answers', s.store_no * 100000 + (m.day - date '2000-01-01'), 3))) as n) as numbers
)
select
    survey_key, 'WD' || survey_key::varchar as survey_id, store_id, dealer_id, dealer_no, month_start,
    days_on(at_hour(month_start, 9), 27 * draw('store answered', survey_key)) as answered_at,
    least(5, greatest(1, round(4 + 0.5 * dealer_mood(dealer_no, month_start) + 0.7 * bell('store score', survey_key))))::bigint as score
from asked;
