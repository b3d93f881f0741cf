with
compared as (
    select
        compared.*,
        {{ ratio('reached_customer_count', 'addressable_customer_count') }} as penetration_rate,
        {{ ratio('peer_reached_customer_count', 'peer_addressable_customer_count') }} as peer_penetration_rate,
        case
            when deals_gap_share is not null then cast(1 - deals_gap_share - win_rate_gap_share as decimal(28, 8))
        end as deal_size_gap_share
    from {{ ref('int_regions_compared') }} as compared
),

advised as (
    select
        compared.*,
        case
            when verdict = 'saturation' then 'widen_market'
            when verdict = 'unworked' then 'work_market'
            when verdict = 'capability' and win_rate_gap_share >= deal_size_gap_share then 'coach_team'
            when verdict = 'capability' then 'raise_deal_size'
        end as advice_id
    from compared
),

regions as (
    select * from {{ ref('dim_regions') }}
)

select
    advised.period_start_date,
    advised.period_end_date,
    advised.region_key,
    regions.region_name_en,
    regions.region_name_zh,
    advised.peer_key,
    coalesce(peer_regions.region_name_en, 'All others') as peer_name_en,
    coalesce(peer_regions.region_name_zh, '其余区域合计') as peer_name_zh,
    advised.net_sales_per_head_amount,
    advised.peer_net_sales_per_head_amount,
    advised.net_sales_gap_rate,
    advised.won_per_head_amount,
    advised.peer_won_per_head_amount,
    advised.gap_amount as won_gap_amount,
    advised.won_gap_rate,
    advised.deals_gap_amount,
    advised.win_rate_gap_amount,
    advised.deal_size_gap_amount,
    advised.deals_gap_share,
    advised.win_rate_gap_share,
    advised.deal_size_gap_share,
    advised.closed_count,
    cast(advised.peer_closed_count as bigint) as peer_closed_count,
    advised.won_count,
    cast(advised.peer_won_count as bigint) as peer_won_count,
    advised.won_with_amount_count,
    cast(advised.peer_won_with_amount_count as bigint) as peer_won_with_amount_count,
    advised.won_amount,
    cast(advised.peer_won_amount as decimal(18, 4)) as peer_won_amount,
    advised.day_count,
    advised.fte_days,
    cast(advised.peer_fte_days as decimal(18, 4)) as peer_fte_days,
    advised.reached_customer_count,
    cast(advised.peer_reached_customer_count as bigint) as peer_reached_customer_count,
    advised.addressable_customer_count,
    cast(advised.peer_addressable_customer_count as bigint) as peer_addressable_customer_count,
    advised.penetration_rate,
    advised.peer_penetration_rate,
    cast(advised.p_value as decimal(18, 8)) as p_value,
    advised.verdict,
    advice.advice_id,
    advice.advice_en,
    advice.advice_zh
from advised
inner join regions on advised.region_key = regions.region_key
left join regions as peer_regions on advised.peer_key = peer_regions.region_key
left join {{ ref('advice') }} as advice on advised.advice_id = advice.advice_id
where {{ is_measured('region_deals') }}
