-- Enquiries by the day they came in. Everything that will ever happen to one is decided here and unfolds later.
create or replace table leads as
with born as (
    select
        days.day,
        days.is_workday,
        day_no * 1000000 + n as lead_key,
        n
    from days
    cross join lateral (
        select unnest(range(rounded(
            enquiries_of(getvariable('customers'), season, is_workday, is_holiday),
            'leads of the day', day_no
        ))) as n
    ) as numbers
),
reached as (
    select b.*, s.region, pick('lead account', lead_key, r.company_count) as region_slot
    from born as b
    join staff_shares as s on draw('lead region', lead_key) >= s.low and draw('lead region', lead_key) < s.high
    join (select distinct region, company_count from company_regions) as r using (region)
),
told as (
    select
        b.* exclude (region_slot),
        draw('lead is new', lead_key) < 0.12 as is_new_company,
        r.account_key as known_account_key,
        at_hour(day, 8.5 + 11 * draw('lead hour', lead_key)) as created_at,
        exp(1.1 + 0.9 * bell('lead response', lead_key)) / 24 as response_days,
        draw('lead converts', lead_key) < conversion_rate(usual_conversion(), is_workday, day, lead_variant(lead_key) = 'B') as converts,
        (1 + least(24, exp(1.3 + 0.8 * bell('lead matures', lead_key))))
            * case when draw('lead is new', lead_key) < 0.12 and is_since('first_order_cycle', day) then getvariable('first_order_cycle_factor') else 1 end
            as maturing_days,
        draw('lead channel', lead_key) as channel_draw
    from reached as b
    join company_regions as r using (region, region_slot)
    where not market_is_full(region, lead_key)
)
select
    lead_key,
    'XSO' || strftime(day, '%y%m%d') || format('{:04d}', n) as lead_id,
    case when is_new_company then lead_key else known_account_key end as account_key,
    is_new_company, region,
    created_at,
    days_on(created_at, response_days) as assigned_at,
    converts,
    at_hour(weekday_of(days_on(created_at, response_days + maturing_days)::date), 9.1 + 0.8 * draw('deal hour', lead_key)) as deal_at,
    case when draw('lead dropped', lead_key) < 0.65
        then days_on(created_at, response_days + 15 + 25 * draw('lead drop day', lead_key)) end as dropped_at,
    -- what turns out to be an advertisement is deleted
    case when not converts and draw('is spam', lead_key) < 0.03 then days_on(created_at, response_days + 0.2 + 4 * draw('spam found', lead_key)) end as deleted_at,
    case
        when channel_draw < 0.28 then '官网' when channel_draw < 0.50 then '微信' when channel_draw < 0.66 then '展会'
        when channel_draw < 0.82 then '转介绍' when channel_draw < 0.93 then '电话' else '网上商城'
    end as channel,
    case when draw('lead has campaign', lead_key) < 0.55
        then ['春季医博会', '母婴渠道招商', '基层医疗直播课', '慢病管理白皮书', '老客户回访季'][1 + pick('campaign', lead_key, 5)] end as campaign
from told;
