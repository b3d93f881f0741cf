with heads as (
    select
        d.region, count(*) / any_value(s.fte) as deals_a_head, avg(is_won::int) as win_rate,
        sum(final_amount) filter (is_won) / any_value(s.fte) as won_a_head
    from deals as d
    join region_staff as s using (region)
    where closed_at <= getvariable('last_day')
    group by d.region
)
select
    own.won_a_head / peer.won_a_head - 1 as won_amount_per_head_change,
    case when own.deals_a_head / peer.deals_a_head < own.win_rate / peer.win_rate then 'saturation' else 'capability' end as cause
from heads as own
join heads as peer on peer.region = getvariable('m_peer')
where own.region = getvariable('m_region')
