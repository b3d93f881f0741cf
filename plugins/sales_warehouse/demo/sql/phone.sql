-- The phone system: enquiries at the hotline, the first answer to every enquiry, and calls about deals and in between.
create or replace table calls as
with recent as (
    select greatest(getvariable('start_date'), getvariable('first_recent'))::timestamp as since
),
made as (
    select
        lead_key * 10 as call_key, event_id as call_id, happened_at as started_at, 'inbound' as direction,
        case when is_new_company then null else crm_id end as crm_id, case when is_new_company then null else contact_id end as contact_id,
        phone, rep_id, '新咨询' as topic
    from enquiries
    where event_system = 'phone'
    union all
    -- who takes an enquiry calls back within the hour, most times
    select
        lead_key * 10 + 1, null, days_on(assigned_at, answer_factor(region) * exp(-1.2 + 0.8 * bell('calls back', lead_key)) / 24), 'outbound',
        case when is_new_company then null else crm_id end, case when is_new_company then null else contact_id end,
        phone, rep_id, '首次跟进'
    from enquiries
    where draw('is called back', lead_key) < 0.9 and not is_lost
    union all
    select
        1000000000000000 + s.visit_key * 10 + n, null,
        days_on(s.entered_at, draw('deal call', s.visit_key * 10 + n) * greatest(0.1, date_diff('hour', s.entered_at, s.left_at) / 24)),
        case when draw('deal call in', s.visit_key * 10 + n) < 0.3 then 'inbound' else 'outbound' end,
        d.crm_id, c.contact_id, c.phone, d.owner_id, '商机跟进'
    from stage_visits as s
    join deals as d using (deal_key)
    join contacts as c using (contact_key)
    cross join lateral (select unnest(range(1 + pick('deal calls', s.visit_key, 2))) as n) as numbers
    union all
    select
        2000000000000000 + e.key * 10, null, at_hour(e.day, 9 + 8 * draw('call hour', e.key)), 'outbound',
        a.crm_id, c.contact_id, c.phone, e.rep_id, '例行回访'
    from (
        select days.day, r.rep_key, r.rep_id, days.day_no * 1000000 + r.rep_key as key
        from days
        cross join reps as r
        where is_workday and not is_holiday and r.region_slot is not null and draw('calls today', days.day_no * 1000000 + r.rep_key) < 0.8
    ) as e
    join owned as o on o.owner_key = e.rep_key and o.owner_slot = pick('called', e.key, o.owned_count)
    join accounts as a using (account_key)
    join contact_counts as k using (account_key)
    join contacts as c on c.contact_key = o.account_key * 10 + pick('called contact', e.key, k.contact_count)
),
-- a team that follows up by the clock rings every company of its own at the same interval, and at no other time
clocked as (
    select
        3000000000000000 + a.account_key * 100000 + n as call_key, null as call_id,
        at_hour(getvariable('start_date'), 9 + getvariable('steady_follow_up_hours') * n + 8 * draw('rung at', a.account_key)) as started_at, 'outbound' as direction,
        a.crm_id, c.contact_id, c.phone, a.owner_id as rep_id, '例行回访' as topic
    from accounts as a
    join contacts as c on c.contact_key = a.account_key * 10
    cross join lateral (
        select unnest(range(1 + ((getvariable('last_day') - getvariable('start_date')) * 24 / getvariable('steady_follow_up_hours'))::bigint)) as n
    ) as numbers
    where is_by_the_clock(a.region) and a.in_crm and a.account_key = a.company_key and a.account_key < 500000000
),
kept as (
    select m.*
    from made as m
    left join reps as r using (rep_id)
    where m.direction = 'inbound' or not is_by_the_clock(r.region)
    union all
    select * from clocked where started_at::date <= getvariable('last_day')
)
select
    * exclude (since, call_id), coalesce(call_id, 'TH' || call_key::varchar) as call_id,
    draw('call answered', call_key) < 0.86 as is_answered,
    case when draw('call answered', call_key) < 0.86 or topic = '新咨询' then 20 + floor(exp(4.6 + 0.8 * bell('call length', call_key)))::bigint else 0 end as seconds
from kept
cross join recent
where started_at >= since;
