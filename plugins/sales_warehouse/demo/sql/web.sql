-- The web site: forms of enquiries, everyday browsing, and what the people of a deal read while it is open.
create or replace table web_events as
with recent as (
    select greatest(getvariable('start_date'), getvariable('first_recent'))::timestamp as since
),
seen as (
    select
        lead_key * 10 as web_key, event_id as event_id, happened_at as occurred_at, 'form_post' as event_type,
        visitor_id, case when is_new_company then null else contact_id end as contact_id, 'enquiry_form' as content_type, 'contact-us' as content_id
    from enquiries
    where event_system = 'web'
    union all
    -- pages that somebody looked at before writing
    select
        lead_key * 10 + n, null, days_on(happened_at, -(n * 3 + draw('page before form', lead_key * 10 + n)) / 1440), 'page_view',
        visitor_id, case when is_new_company then null else contact_id end, 'product_page', 'product-' || (1 + pick('page', lead_key * 10 + n, 36))::varchar
    from enquiries
    cross join lateral (select unnest(range(1, 2 + pick('pages before form', lead_key, 4))) as n) as numbers
    where event_system = 'web'
    union all
    select
        1000000000000000 + s.key * 10 + n, null, days_on(at_hour(s.day, 7 + 15 * draw('session hour', s.key)), n * (0.5 + 3 * draw('reads for', s.key)) / 1440),
        'page_view', 'v' || lower(base31(pick('web visitor', s.key, 800000000))), null,
        ['product_page', 'home_page', 'news', 'price_page'][1 + pick('page kind', s.key * 10 + n, 4)], 'page-' || pick('page', s.key * 10 + n, 60)::varchar
    from (
        select day, day_no * 1000000 + n as key
        from days
        cross join lateral (
            select unnest(range(rounded(0.12 * getvariable('customers') * season * case when is_workday then 1 else 0.7 end, 'sessions of the day', day_no))) as n
        ) as numbers
    ) as s
    cross join lateral (select unnest(range(1 + pick('session length', s.key, 4))) as n) as numbers
    union all
    -- known people read what the newsletter offers, in working hours
    select
        2000000000000000 + r.key * 10, null, r.occurred_at, 'content_click', 'v' || lower(base31(r.contact_key)), c.contact_id,
        ['case_study', 'news', 'product_page'][1 + pick('content kind', r.key, 3)], 'letter-' || strftime(r.occurred_at, '%G%V')
    from readings as r
    join contacts as c using (contact_key)
    union all
    select
        3000000000000000 + w.click_key, null, w.clicked_at, 'content_click', 'v' || lower(base31(w.contact_key)), c.contact_id,
        'white_paper', 'white-paper-' || (1 + pick('white paper', w.click_key, 6))::varchar
    from white_paper_clicks as w
    join contacts as c using (contact_key)
)
select * exclude (since, event_id), coalesce(event_id, 'WE' || web_key::varchar) as event_id
from seen
cross join recent
where occurred_at >= since;
