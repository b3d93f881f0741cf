-- The companies of the base: those of the CRM, and those that only the shop knows. Of every 25 accounts of the CRM one is
-- a company that was entered before (`company_key` is whose), one is a branch of another, one has the name of a neighbour
-- that it has nothing to do with, and one changes its name.
create or replace table companies as
select
    i as account_key, true as in_crm, draw('has shop', i) < 0.55 and i % 25 <> 7 as in_shop,
    at_hour((getvariable('crm_start') - (20 + pick('opened', i, 1400))::int)::date, 9 + 8 * draw('opened hour', i)) as opened_at,
    case i % 25 when 7 then i - 1 - pick('entered before', i, 5) else i end as company_key,
    case i % 25 when 13 then i - 1 - pick('branch of', i, 5) end as parent_key,
    -- whose name it has: its own, the parent's, a neighbour's
    case i % 25 when 7 then i - 1 - pick('entered before', i, 5) when 13 then i - 1 - pick('branch of', i, 5) when 21 then i - 1 else i end as name_key,
    i % 25 = 19 as is_renamed
from range(getvariable('customers')) as t(i)
union all
select 500000000 + i, false, true, null, 500000000 + i, null, 500000000 + i, false
from range((0.3 * getvariable('customers'))::bigint) as t(i);

-- Enquiries reach every full-time seller as often: the regions by their sellers, then the region's companies alike.
create or replace table company_regions as
select
    account_key, c.region,
    row_number() over (partition by c.region order by account_key) - 1 as region_slot,
    count(*) over (partition by c.region) as company_count
from companies as k
join cities as c on city_draw_of(account_key, parent_key, name_key) >= c.low and city_draw_of(account_key, parent_key, name_key) < c.high
where in_crm;

create or replace table staff_shares as
select
    region,
    coalesce(sum(fte) over (order by region_no rows between unbounded preceding and 1 preceding), 0) / sum(fte) over () as low,
    sum(fte) over (order by region_no rows unbounded preceding) / sum(fte) over () as high
from region_staff
join regions using (region)
where region in (select region from company_regions);
