-- What known people read: the newsletter by the hour of the week, and white papers while a deal of theirs is open.
create or replace table readings as
with offered as (
    select days.day, days.day_no * 100000 + n as key, pick('reader', days.day_no * 100000 + n, getvariable('customers')) as account_key
    from days
    cross join lateral (
        select unnest(range(rounded(0.06 * getvariable('customers') * case when is_workday then 1 else 0.2 end, 'readings of the day', day_no))) as n
    ) as numbers
)
select
    o.key, o.account_key, o.account_key * 10 + pick('reading contact', o.key, k.contact_count) as contact_key, a.industry,
    case when a.industry = getvariable('best_hour_industry') and draw('best hour', o.key) < getvariable('best_hour_share')
        then at_hour((date_trunc('week', o.day)::date + getvariable('best_hour_weekday') - 1)::date, getvariable('best_hour_hour') + draw('reading hour', o.key))
        else at_hour(o.day, 8 + 12 * draw('reading hour', o.key)) end as occurred_at
from offered as o
join accounts as a using (account_key)
join contact_counts as k using (account_key);

-- Some go on reading when the deal is over; that says nothing about how it ended.
create or replace table white_paper_clicks as
select
    d.deal_key, d.contact_key, d.deal_key * 10 + n as click_key,
    case when n < d.white_paper_count
        then d.created_at + (d.closed_at - d.created_at) * (0.02 + 0.9 * draw('white paper read', d.deal_key * 10 + n))
        else days_on(d.closed_at, 1 + 20 * draw('white paper read', d.deal_key * 10 + n)) end as clicked_at,
    n < d.white_paper_count as is_before_close
from deals as d
cross join lateral (select unnest(range(d.white_paper_count + pick('white papers after', d.deal_key, 3))) as n) as numbers;
