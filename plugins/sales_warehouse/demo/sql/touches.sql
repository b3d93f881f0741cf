-- Visits and chats: those that move a deal, and the everyday ones.
create or replace table field_visits as
with about_deals as (
    select
        s.visit_key * 10 + n as touch_key, d.account_key, d.contact_key, d.owner_key as rep_key, d.deal_id,
        weekday_of(days_on(s.entered_at, draw('visit day', s.visit_key * 10 + n) * date_diff('day', s.entered_at, s.left_at))::date) as day,
        s.left_at,
        ['需求沟通', '方案讲解', '报价说明', '商务谈判', '合同签署'][s.stage_no] as purpose
    from stage_visits as s
    join deals as d using (deal_key)
    cross join lateral (select unnest(range(1 + (draw('second visit', s.visit_key) < 0.4)::bigint)) as n) as numbers
),
everyday as (
    select
        1000000000000000 + (days.day_no * 1000000 + r.rep_key) * 10 + n as touch_key,
        days.day, r.rep_key, r.region, r.region_slot
    from days
    cross join reps as r
    cross join lateral (
        select unnest(range(rounded(case when is_workday and not is_holiday then 1.5 when is_holiday then 0 else 0.05 end,
            'visits of the day', days.day_no * 1000000 + r.rep_key))) as n
    ) as numbers
    where r.region_slot is not null and days.day >= greatest(getvariable('start_date'), getvariable('first_recent'))
),
visits as (
    select touch_key, account_key, contact_key, rep_key, deal_id, day, purpose from about_deals
    where day <= left_at::date and day >= greatest(getvariable('start_date'), getvariable('first_recent'))
    union all
    select
        e.touch_key, o.account_key, o.account_key * 10 + pick('visit contact', e.touch_key, c.contact_count), e.rep_key, null, e.day,
        ['例行拜访', '库存盘点', '产品培训', '售后回访', '陈列检查'][1 + pick('visit purpose', e.touch_key, 5)]
    from everyday as e
    join owned as o on o.owner_key = e.rep_key and o.owner_slot = pick('visited', e.touch_key, o.owned_count)
    join contact_counts as c using (account_key)
),
timed as (
    select
        v.*,
        at_hour(day, 9 + 7.5 * draw('visit hour', touch_key)) as started_at,
        20 + pick('visit minutes', touch_key, 75) as minutes,
        draw('visit entry', touch_key) as entry_draw
    from visits as v
)
select
    t.touch_key,
    'BF' || t.touch_key::varchar as visit_id,
    r.team, r.visit_file, r.rep_id, r.person as rep_name, a.crm_id, spelled(a.head_city, a.brand, a.noun, 'visits', t.touch_key) as account_name, a.credit_code, c.contact_id, c.person, c.phone, t.deal_id, t.purpose,
    started_at, started_at + to_minutes(minutes) as ended_at,
    started_at + to_minutes(minutes) + to_seconds((3600 * entry_hours(case
        when entry_draw < 0.76 then 0.3 + 5 * draw('entry lag', touch_key)
        when entry_draw < 0.9 then 8 + 14 * draw('entry lag', touch_key)
        when entry_draw < 0.995 then 25 + 80 * draw('entry lag', touch_key)
        else 24 * (5 + 35 * draw('entry lag', touch_key)) end, r.rep_no, touch_key))::bigint) as recorded_at,
    ['意向明确', '需跟进', '已下单', '未见到人', '暂无需求'][1 + least(4, floor(5.6 * draw('visit outcome', touch_key))::bigint)] as outcome,
    round(a.latitude + 0.06 * (draw('visit north', touch_key) - 0.5), 4) as latitude,
    round(a.longitude + 0.06 * (draw('visit east', touch_key) - 0.5), 4) as longitude,
    ['客户关注价格与账期', '现场演示设备，反馈良好', '库存约两周用量', '提到竞品近期有促销', '约定下周再谈', '希望提供检测报告'][1 + pick('visit note', touch_key, 6)] as notes
from timed as t
join reps as r using (rep_key)
join accounts as a using (account_key)
join contacts as c using (contact_key)
where not is_by_the_clock(a.region);

create or replace table chats as
with born as (
    select
        days.day, day_no * 1000000 + n as chat_key, null as enquiry_id,
        'HH' || strftime(days.day, '%y%m%d') || format('{:05d}', n) as chat_id,
        'v' || lower(base31(pick('visitor', day_no * 1000000 + n, 800000000))) as visitor_id,
        at_hour(days.day, least(23, greatest(7.5, 15 + 4 * bell('chat hour', day_no * 1000000 + n)))) as started_at,
        case when draw('chat known', day_no * 1000000 + n) < 0.7 then pick('chat account', day_no * 1000000 + n, getvariable('customers')) end as account_key
    from days
    cross join lateral (
        select unnest(range(rounded(
            0.12 * getvariable('customers') * season * case when is_holiday then 0.7 when is_workday then 1 else 0.9 end,
            'chats of the day', day_no
        ))) as n
    ) as numbers
    where days.day >= greatest(getvariable('start_date'), getvariable('first_recent'))
    union all
    -- enquiries that came as a conversation
    select happened_at::date, 5000000000000000 + lead_key, event_id, event_id, visitor_id, happened_at, case when not is_new_company then account_key end
    from enquiries
    where event_system = 'chats' and happened_at >= greatest(getvariable('start_date'), getvariable('first_recent'))::timestamp
),
told as (
    select
        *,
        pick('chat rep', chat_key, (select staff_count from service_staff)) as service_slot,
        2 + least(12, floor(-4 * ln(1 - draw('chat length', chat_key)))::bigint) as message_count,
        case when draw('chat answered', chat_key) < 0.96 then least(14000, exp(4.3 + 1.2 * bell('chat answer', chat_key))) end as answer_seconds
    from born
)
select
    t.chat_key, t.chat_id,
    a.crm_id, spelled(a.head_city, a.brand, a.noun, 'chats', t.chat_key) as account_name, a.credit_code, c.contact_id, c.person, c.phone, c.wechat_id,
    t.visitor_id,
    r.rep_id, r.person as rep_name, r.team,
    case when enquiry_id is not null or draw('chat platform', chat_key) < 0.62 then 'wechat' else 'web' end as platform,
    started_at,
    started_at + to_seconds(answer_seconds::bigint) as answered_at,
    started_at + to_seconds((coalesce(answer_seconds, 600) + 45 * message_count)::bigint) as ended_at,
    message_count,
    case when draw('chat rated', chat_key) < 0.35 then 5 - least(4, floor(-0.9 * ln(1 - draw('chat score', chat_key)))::bigint) end as score,
    case when enquiry_id is not null then '新咨询' else ['询价', '下单', '售后', '物流', '产品咨询', '投诉'][1 + least(5, floor(6.4 * draw('chat intent', chat_key))::bigint)] end as intent,
    case when draw('chat late', chat_key) < 0.01 then 1 + pick('chat late days', chat_key, 3) else 0 end as late_days
from told as t
join reps as r on r.service_slot = t.service_slot
left join accounts as a on a.account_key = t.account_key
left join contact_counts as k on k.account_key = t.account_key
left join contacts as c on c.contact_key = t.account_key * 10 + pick('chat contact', t.chat_key, k.contact_count);
