with
measured as (
    select
        measured.*,
        cast({{ ratio('fte_days', 'day_count') }} as decimal(18, 4)) as average_fte,
        cast({{ ratio('net_sales_amount * day_count', 'fte_days') }} as decimal(18, 4)) as net_sales_per_head_amount,
        cast({{ ratio(amount_of_all_won() ~ ' * day_count', 'fte_days') }} as decimal(18, 4)) as won_per_head_amount,
        -- who has nobody to sell, or no region, is nobody's peer
        fte_days > 0 and region_key <> 'unknown' as is_staffed
    from {{ ref('int_region_periods_measured') }} as measured
),

ranked as (
    select
        measured.*,
        row_number() over (
            partition by period_grain, period_start_date, is_staffed
            order by net_sales_per_head_amount desc nulls last, region_key asc
        ) as place,
        sum(net_sales_amount) over (partition by period_grain, period_start_date, is_staffed) - net_sales_amount as peer_net_sales_amount,
        sum(fte_days) over (partition by period_grain, period_start_date, is_staffed) - fte_days as peer_fte_days
    from measured
),

best as (
    select
        period_grain,
        period_start_date,
        region_key as best_region_key,
        net_sales_per_head_amount as best_net_sales_per_head_amount
    from ranked
    where is_staffed and place = 1
),

compared as (
    select
        ranked.*,
        best.best_region_key,
        best.best_net_sales_per_head_amount,
        case
            when ranked.is_staffed
                then cast({{ ratio('ranked.peer_net_sales_amount * ranked.day_count', 'ranked.peer_fte_days') }} as decimal(18, 4))
        end as peer_net_sales_per_head_amount
    from ranked
    left join best
        on
            ranked.is_staffed
            and ranked.period_grain = best.period_grain
            and ranked.period_start_date = best.period_start_date
)

select
    compared.period_grain,
    compared.period_start_date,
    compared.period_end_date,
    compared.region_key,
    regions.region_name_en,
    regions.region_name_zh,
    compared.net_sales_amount,
    compared.fte_days,
    compared.day_count,
    compared.average_fte,
    compared.net_sales_per_head_amount,
    compared.best_region_key,
    compared.best_net_sales_per_head_amount,
    {{ ratio(
        'compared.net_sales_per_head_amount - compared.best_net_sales_per_head_amount',
        'compared.best_net_sales_per_head_amount'
    ) }} as gap_to_best_rate,
    compared.peer_net_sales_per_head_amount,
    {{ ratio(
        'compared.net_sales_per_head_amount - compared.peer_net_sales_per_head_amount',
        'compared.peer_net_sales_per_head_amount'
    ) }} as gap_to_peers_rate,
    compared.closed_count,
    compared.won_count,
    compared.won_with_amount_count,
    compared.won_amount,
    case when {{ is_measured('region_deals') }} then compared.won_per_head_amount end as won_per_head_amount,
    compared.reached_customer_count,
    compared.addressable_customer_count
from compared
inner join {{ ref('dim_regions') }} as regions on compared.region_key = regions.region_key
where {{ is_measured('region_productivity') }}
