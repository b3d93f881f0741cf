-- Every company that the systems know: the base, and those that came as new enquiries.
create or replace table account_places as
with keys as (
    select *, city_draw_of(account_key, parent_key, name_key) as city_draw, draw('city', name_key) as name_city_draw from companies
    union all
    -- a company that is new is in the region that the enquiry came from
    select
        l.lead_key, true, false, l.deal_at, l.lead_key, null, l.lead_key, false,
        r.low + (r.high - r.low) * draw('city', l.lead_key), r.low + (r.high - r.low) * draw('city', l.lead_key)
    from leads as l
    join (select region, min(low) as low, max(high) as high from cities group by region) as r using (region)
    where l.is_new_company and l.converts
),
traits as (
    select
        *,
        draw('industry', name_key) as industry_draw,
        -- spread evenly (golden ratio), so that a few hundred have the shares of many
        (0.618033988749895 * company_key + draw('size', 0)) % 1 as size_draw
    from keys
),
named as (
    select
        t.*, c.region, c.region_no, c.province, c.city, c.latitude, c.longitude, i.industry,
        case when size_draw < 0.15 then '大型' when size_draw < 0.5 then '中型' else '小型' end as size_band,
        h.city as head_city, b.written as brand,
        case when i.industry = '医院' then ['医院', '妇幼保健院', '中西医结合医院'][1 + pick('hospital kind', name_key, 3)] else i.noun end
            || case when parent_key is null then ''
                else concat(getvariable('gap'), full_name(null, c.city, case when i.industry = '医院' then '分院' else '分公司' end)) end as noun,
        b.pinyin as brand_pinyin,
        i.entity_class, c.area_code
    from traits as t
    join cities as c on city_draw >= c.low and city_draw < c.high
    join cities as h on name_city_draw >= h.low and name_city_draw < h.high
    join industries as i on industry_draw >= i.low and industry_draw < i.high
    join brands as b on b.brand_no = pick('brand', name_key, (select count(*) from brands))
)
select *, full_name(head_city, brand, noun) as name from named;

create or replace view code_holders as
select distinct company_key as account_key, entity_class, area_code from account_places where account_key = company_key;

create or replace table accounts as
with choosing as (
    select n.*, pick('owner', account_key, s.staff_count) as owner_slot
    from account_places as n
    join region_staff as s using (region)
)
select
    n.* exclude (entity_class, area_code, city_draw, name_city_draw, industry_draw, size_draw, owner_slot),
    k.credit_code,
    -- who enters a company for the second time seldom has its code at hand
    case when draw('code in crm', account_key) < case when account_key = company_key then 0.97 else 0.5 end then k.credit_code end as crm_code,
    case when draw('code in shop', account_key) < 0.88 then k.credit_code end as shop_code,
    case when account_key = company_key then name else spelled(head_city, brand, noun, 'crm', account_key) end as crm_name,
    spelled(head_city, brand, noun, 'shop', account_key) as shop_name,
    full_name(
        head_city, (select written from brands where brand_no = pick('new brand', account_key, (select count(*) from brands))),
        full_name(null, '健康', noun)
    ) as new_name,
    case when is_renamed then at_hour((getvariable('start_date') + (pick('renamed on', account_key, 150))::int)::date, 15) end as renamed_at,
    -- a quarter of the base is looked at again once within two years, and its size corrected
    case when in_crm and account_key < 500000000 and draw('resized', account_key) < 0.25
        then at_hour((getvariable('start_date') + (pick('resized on', account_key, 720))::int)::date, 16) end as resized_at,
    case
        when account_key < 500000000 then 'KH' || format('{:06d}', account_key)
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
join (select account_key as company_key, credit_code from credit_codes('code_holders')) as k using (company_key)
join reps as r on r.region = n.region and r.region_slot = n.owner_slot;

-- Who never buys the line that a region leaves out.
create or replace table closed_accounts as
select account_key
from (
    select account_key, percent_rank() over (partition by in_shop order by draw('white_space', account_key)) as place
    from accounts
    where region = getvariable('white_space_region')
)
where place > getvariable('white_space_penetration');

-- Of every fifty companies one shares the switchboard of its business park; now and then a mobile number went to
-- somebody else, and now and then a person has gone to work for another company and kept number and WeChat id.
create or replace table contacts as
with listed as (
    select
        a.account_key, a.company_key, a.brand_pinyin, j, a.account_key * 10 + j as contact_key,
        -- twice the same company, twice the same people
        a.company_key * 10 + j as own_person,
        case when j = 0 and a.account_key between 20 and 499999999 and draw('changed employer', a.account_key) < 0.03 then (a.account_key - 9) * 10 end as came_from,
        case when j = 0 and a.account_key between 20 and 499999999 and draw('recycled mobile', a.account_key) >= 0.97 then (a.account_key - 14) * 10 end as number_of
    from accounts as a
    cross join lateral (
        select unnest(range(1 + pick('contacts', a.company_key, case size_band when '大型' then 4 when '中型' then 3 else 2 end))) as j
    ) as numbers
),
persons as (
    select *, coalesce(came_from, own_person) as person_key from listed
)
select
    contact_key, account_key, j, person_key,
    case when number_of is not null and came_from is null then number_of else person_key end as number_key,
    contact_no(contact_key) as contact_id,
    p.person,
    p.pinyin || (10 + pick('mailbox', contact_key, 90))::varchar || '@' || brand_pinyin || company_key::varchar || '.example.com' as email,
    case when draw('switchboard', company_key) < 0.02 and came_from is null
        then '0215' || format('{:07d}', 5000000 + company_key // 40 % 1000000)
        else mobile_number(case when number_of is not null and came_from is null then number_of else person_key end) end as phone,
    case when draw('has wechat', person_key) < 0.7
        then 'wx_' || p.pinyin || pick('wechat', person_key, 10000)::varchar end as wechat_id,
    ['采购经理', '科室主任', '店长', '设备科长', '运营总监', '采购专员'][1 + pick('title', contact_key, 6)] as title,
    ['决策人', '影响人', '使用人', '把关人', '未知'][1 + least(4, floor(6 * draw('role', contact_key))::bigint)] as buying_role
from persons
join people_names as p on p.name_no = pick('person', person_key, (select count(*) from people_names));

create or replace table contact_counts as select account_key, count(*) as contact_count from contacts group by account_key;

-- Accounts by owner, for the rounds that a seller makes.
create or replace table owned as
select
    account_key, owner_key,
    row_number() over (partition by owner_key order by account_key) - 1 as owner_slot,
    count(*) over (partition by owner_key) as owned_count
from accounts
where in_crm and account_key < 500000000;
