-- The event that an enquiry came from: a form on the web site, a conversation, a call to the hotline. Trade fairs,
-- referrals and the shop leave none. The event is there before the CRM has the enquiry.
create or replace table enquiries as
select
    l.lead_key, l.lead_id, l.account_key, l.is_new_company, l.created_at, l.channel,
    days_on(l.created_at, -(2 + 6 * draw('event before lead', l.lead_key)) / 1440) as happened_at,
    case l.channel when '官网' then 'web' when '微信' then 'chats' when '电话' then 'phone' end as event_system,
    case l.channel when '官网' then 'BD' when '微信' then 'HX' when '电话' then 'TX' end || substr(l.lead_id, 4) as event_id,
    'v' || lower(base31(pick('enquirer', l.lead_key, 800000000))) as visitor_id,
    a.crm_id, a.region, c.contact_id, c.email,
    case when a.account_key is not null then spelled(a.head_city, a.brand, a.noun, 'leads', l.lead_key)
        else concat_ws(getvariable('gap'), '咨询企业', right(l.lead_id, 6)) end as company,
    coalesce(c.person, concat_ws(getvariable('gap'), '咨询', right(l.lead_id, 4))) as person,
    coalesce(c.phone, '138' || format('{:08d}', pick('lead phone', l.lead_key, 100000000))) as phone,
    coalesce(a.owner_id, 'XS' || format('{:02d}', 1 + pick('lead team', l.lead_key, 8)) || '0000') as rep_id,
    l.assigned_at,
    -- seen by another system, never entered in the CRM
    l.channel in ('官网', '微信', '电话') and enquiry_is_lost(l.converts, l.lead_key) as is_lost
from leads as l
left join accounts as a using (account_key)
left join contact_counts as k using (account_key)
left join contacts as c on c.contact_key = l.account_key * 10 + pick('deal contact', l.lead_key, k.contact_count);
