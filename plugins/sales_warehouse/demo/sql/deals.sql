-- A converted enquiry walks the stages of the pipeline; the path, its pace and its end are drawn once.
create or replace table deal_paths as
with fates as (
    select
        lead_key as deal_key, lead_id, account_key, deal_at as created_at, channel, is_new_company, a.region, a.industry,
        case when draw('reads white papers', lead_key) < getvariable('keen') then 3 + pick('white papers', lead_key, 3) else pick('white papers', lead_key, 3) end
            as white_paper_count,
        case
            when draw('lost in 1', lead_key) < loss_rate(1, white_paper_count) then 1
            when draw('lost in 2', lead_key) < loss_rate(2, white_paper_count) then 2
            when draw('lost in 3', lead_key) < loss_rate(3, white_paper_count) then 3
            when draw('lost in 4', lead_key) < loss_rate(4, white_paper_count) then 4
            when draw('lost in 5', lead_key) < loss_rate(5, white_paper_count) then 5
        end as usual_loss,
        draw('steps back', lead_key) < getvariable('steps_back') as steps_back,
        draw('deal line', lead_key) as line_draw,
        case when line_draw < 0.45 then '医疗器械' when line_draw < 0.68 then '医用耗材' when line_draw < 0.86 then '婴幼儿营养' else '成人营养' end as product_line
    from leads
    join accounts as a using (account_key)
    where converts
),
turned as (
    select
        *,
        is_counted_off(region, created_at::date) as is_counted,
        case
            when is_counted
                then case when row_number() over (partition by is_counted order by draw('regional_conversion', deal_key))
                    > ceil(getvariable('regional_conversion_rate') * count(*) over (partition by is_counted)) then coalesce(usual_loss, getvariable('spoiled_in')) end
            when region = getvariable('reversal_region')
                then case when draw('reversal win', deal_key) < reversal_rate(industry, deal_key) then null else coalesce(usual_loss, 4) end
            when usual_loss is null and win_is_spoiled(region, product_line, created_at::date, deal_key) then getvariable('spoiled_in')
            else usual_loss
        end as lost_in
    from fates
)
select
    * exclude (usual_loss, lost_in, first_lost_in, first_path),
    case when not wins_back then first_lost_in end as lost_in,
    len(first_path) as first_count,
    12 + 30 * draw('reopened after', deal_key) as pause_days,
    first_path || case when is_reopened then list_slice([1, 2, 3, 4, 5], first_lost_in, case when wins_back then 5 else first_lost_in end) else [] end as path
from (
    select
        *, lost_in as first_lost_in,
        list_slice(
            case when steps_back and coalesce(lost_in, 9) >= 3 then [1, 2, 3, 2, 3, 4, 5] else [1, 2, 3, 4, 5] end,
            1, coalesce(lost_in, 5) + case when steps_back and coalesce(lost_in, 9) >= 3 then 2 else 0 end
        ) as first_path,
        -- now and then a customer who had said no comes back, to the stage that was lost
        lost_in is not null and not is_counted and draw('reopens', deal_key) < getvariable('reopens') as is_reopened,
        lost_in is not null and not is_counted and draw('reopens', deal_key) < getvariable('wins_back') as wins_back
    from turned
);

create or replace table stage_visits as
with walked as (
    select
        deal_key, created_at, is_new_company, is_counted, lost_in, len(path) as step_count, first_count, pause_days,
        generate_subscripts(path, 1) as step_no, unnest(path) as stage_no
    from deal_paths
),
paced as (
    select
        *,
        deal_key * 100 + step_no as visit_key,
        least(case when is_counted then 7 else 1000 end, dwell(
            least(29, [5, 9, 6, 7, 4][stage_no] * exp(0.7 * bell('dwell', deal_key * 100 + step_no)))
                + case when draw('stalls', deal_key * 100 + step_no) < 0.02 then 25 else 0 end,
            is_new_company, created_at::date, deal_key * 100 + step_no
        )) as dwell_days
    from walked
),
dated as (
    select
        *,
        coalesce(sum(dwell_days) over (partition by deal_key order by step_no rows between unbounded preceding and 1 preceding), 0)
            + case when step_no > first_count then pause_days else 0 end as days_before,
        sum(dwell_days) over (partition by deal_key order by step_no) + case when step_no > first_count then pause_days else 0 end as days_after
    from paced
),
-- The hour grows with the step, so two steps on one day keep their order.
placed as (
    select
        *,
        case when step_no = 1 then created_at
            else at_hour(weekday_of(days_on(created_at, days_before)::date), 9 + 0.9 * step_no + 0.8 * draw('stage hour', visit_key)) end as entered_at,
        at_hour(weekday_of(days_on(created_at, days_after)::date), 9.9 + 0.9 * step_no + 0.8 * draw('stage hour', visit_key + 1)) as left_at
    from dated
)
select
    deal_key, visit_key, step_no, step_count, first_count, stage_no, lost_in, entered_at, left_at,
    ['需求确认', '技术方案确认', '报价', '商务谈判', '合同签订'][stage_no] as stage,
    least(left_at, days_on(entered_at, case when draw('stage late', visit_key) < 0.78 then 0.1 * draw('stage lag', visit_key)
        else 0.5 + 2.5 * draw('stage lag', visit_key) end)) as recorded_at
from placed;

create or replace table deals as
with ends as (
    select deal_key, max(left_at) as closed_at from stage_visits group by deal_key
)
select
    p.deal_key, 'SJ' || substr(p.lead_id, 4) as deal_id, p.lead_id, p.account_key, p.product_line, p.created_at, e.closed_at,
    p.lost_in is null as is_won, p.channel,
    a.region, a.region_no, a.province, a.industry, p.is_new_company, p.white_paper_count,
    coalesce(r.rep_id, a.owner_id) as owner_id, coalesce(r.rep_key, a.owner_key) as owner_key, a.crm_id,
    p.account_key * 10 + pick('deal contact', p.deal_key, c.contact_count) as contact_key,
    (created_at::date + (35 + pick('expected close', p.deal_key, 40))::int)::date as expected_close_date,
    estimate,
    round(estimate * (0.85 + 0.25 * draw('quote', p.deal_key)), -2)::decimal(18, 2) as final_amount,
    case
        when p.lost_in is null and not p.is_reopened then null
        when price_is_refused(p.product_line, p.created_at::date, p.deal_key) then '价格过高'
        when rival_is_chosen(a.region, p.product_line, p.created_at::date, p.deal_key) then '竞品中标'
        else ['价格过高', '竞品中标', '预算取消', '需求变化', '交付周期不符', '长期未联系'][1 + pick('lost reason', p.deal_key, 6)]
    end as lost_reason
from deal_paths as p
join ends as e using (deal_key)
join accounts as a using (account_key)
join contact_counts as c using (account_key)
-- two sellers share the deals of the region in which one of them is better everywhere and worse over all
left join reps as r on a.region = getvariable('reversal_region') and r.region = a.region and r.region_slot = reversal_slot(a.industry, p.deal_key)
cross join lateral (
    select round(quoted(
        case p.product_line when '医疗器械' then 42000 when '医用耗材' then 22000 when '婴幼儿营养' then 26000 else 18000 end
        * case a.size_band when '大型' then 1.7 when '中型' then 1.1 else 0.75 end
        * exp(0.35 * bell('deal amount', p.deal_key)), p.product_line, p.created_at::date), -2)::decimal(18, 2) as estimate
) as amounts;
