-- Every company that the systems know: the base of both, the shop's own, and those that came as new enquiries.
create or replace table account_places as
with keys as (
    select
        i as account_key, true as in_crm, draw('has shop', i) < 0.55 as in_shop,
        at_hour((getvariable('crm_start') - (20 + pick('opened', i, 1400))::int)::date, 9 + 8 * draw('opened hour', i)) as opened_at
    from range(getvariable('customers')) as t(i)
    union all
    select 500000000 + i, false, true, null
    from range((0.3 * getvariable('customers'))::bigint) as t(i)
    union all
    select lead_key, true, false, deal_at from leads where is_new_company and converts
),
traits as (
    select
        *,
        draw('city', account_key) as city_draw,
        draw('industry', account_key) as industry_draw,
        draw('size', account_key) as size_draw
    from keys
),
named as (
    select
        t.*, c.region, c.region_no, c.province, c.city, c.latitude, c.longitude, i.industry,
        case when size_draw < 0.15 then '大型' when size_draw < 0.5 then '中型' else '小型' end as size_band,
        c.city || b.written
            || case when i.industry = '医院' then ['医院', '妇幼保健院', '中西医结合医院'][1 + pick('hospital kind', account_key, 3)] else i.noun end as name,
        b.pinyin as brand_pinyin,
        i.entity_class, c.area_code
    from traits as t
    join cities as c on city_draw >= c.low and city_draw < c.high
    join industries as i on industry_draw >= i.low and industry_draw < i.high
    join brands as b on b.brand_no = pick('brand', account_key, (select count(*) from brands))
)
select * from named;

create or replace table accounts as
with choosing as (
    select n.*, pick('owner', account_key, s.staff_count) as owner_slot
    from account_places as n
    join region_staff as s using (region)
)
select
    n.* exclude (entity_class, area_code, city_draw, industry_draw, size_draw, owner_slot),
    k.credit_code,
    case
        when account_key < 500000000 then 'KH' || lpad(account_key::varchar, 6, '0')
        when account_key >= 1000000000 then 'KHN' || account_key::varchar
    end as crm_id,
    case when in_shop then 'M' || (200000 + case when account_key < 500000000 then account_key
        else account_key - 500000000 + getvariable('customers') end * 3)::varchar end as member_id,
    case when in_shop then
        case when draw('member early', account_key) < 0.75
            then at_hour((getvariable('start_date') - (1 + pick('member since', account_key, 500))::int)::date, 10)
            else at_hour((getvariable('start_date') + (pick('member from', account_key, 360))::int)::date, 7.5 + draw('member hour', account_key))
        end end as joined_at,
    r.rep_id as owner_id,
    r.rep_key as owner_key
from choosing as n
join credit_codes('account_places') as k using (account_key)
join reps as r on r.region = n.region and r.region_slot = n.owner_slot;

create or replace table contacts as
select
    account_key * 10 + j as contact_key,
    account_key,
    j,
    'LX' || lpad((account_key * 10 + j)::varchar, 7, '0') as contact_id,
    p.person,
    p.pinyin || (10 + pick('mailbox', account_key * 10 + j, 90))::varchar || '@' || brand_pinyin || account_key::varchar || '.example.com' as email,
    '1' || ['38', '39', '36', '37', '58', '59', '86', '87', '33', '51', '77', '89'][1 + pick('phone head', account_key * 10 + j, 12)]
        || lpad(pick('phone tail', account_key * 10 + j, 100000000)::varchar, 8, '0') as phone,
    case when draw('has wechat', account_key * 10 + j) < 0.7
        then 'wx_' || p.pinyin || pick('wechat', account_key * 10 + j, 10000)::varchar end as wechat_id,
    ['采购经理', '科室主任', '店长', '设备科长', '运营总监', '采购专员'][1 + pick('title', account_key * 10 + j, 6)] as title,
    ['决策人', '影响人', '使用人', '把关人', '未知'][1 + least(4, floor(6 * draw('role', account_key * 10 + j))::bigint)] as buying_role
from accounts
cross join lateral (
    select unnest(range(1 + pick('contacts', account_key, case size_band when '大型' then 4 when '中型' then 3 else 2 end))) as j
) as numbers
join people_names as p on p.name_no = pick('person', account_key * 10 + j, (select count(*) from people_names));

create or replace table contact_counts as select account_key, count(*) as contact_count from contacts group by account_key;

-- Accounts by owner, for the rounds that a seller makes.
create or replace table owned as
select
    account_key, owner_key,
    row_number() over (partition by owner_key order by account_key) - 1 as owner_slot,
    count(*) over (partition by owner_key) as owned_count
from accounts
where in_crm and account_key < 500000000;
