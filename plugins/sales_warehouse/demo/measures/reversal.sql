with sellers as (
    select d.industry, r.region_slot = 0 as is_first, count(*) as deal_count, avg(d.is_won::int) as win_rate, sum(d.is_won::int) as won_count
    from deals as d
    join reps as r on r.rep_key = d.owner_key
    where d.region = getvariable('m_region') and r.region_slot in (0, 1) and d.closed_at <= getvariable('last_day')
    group by all
),
compared as (
    select own.win_rate > peer.win_rate as is_better
    from sellers as own
    join sellers as peer on peer.industry = own.industry and not peer.is_first
    where own.is_first and own.deal_count >= 25 and peer.deal_count >= 25
)
select
    (select bool_and(is_better)::int from compared) as better_in_every_industry,
    (sum(won_count) filter (is_first) / sum(deal_count) filter (is_first)
        > sum(won_count) filter (not is_first) / sum(deal_count) filter (not is_first))::int as better_over_all
from sellers
