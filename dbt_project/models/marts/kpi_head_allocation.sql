with
proposed as (
    select
        proposed.*,
        case when change_count > 0 then 'move_heads_in' when change_count < 0 then 'move_heads_out' end as advice_id
    from {{ ref('int_heads_reallocated') }} as proposed
)

select
    proposed.region_key,
    regions.region_name_en,
    regions.region_name_zh,
    proposed.period_start_date,
    proposed.period_end_date,
    cast(proposed.head_count as bigint) as head_count,
    proposed.minimum_heads as minimum_head_count,
    cast(proposed.change_count as bigint) as change_count,
    cast(proposed.head_count + proposed.change_count as bigint) as proposed_head_count,
    proposed.closed_count,
    cast(proposed.average_heads as decimal(18, 4)) as average_head_count,
    cast(proposed.potential_amount as decimal(18, 4)) as potential_amount,
    cast(proposed.next_head_amount as decimal(18, 4)) as next_head_amount,
    cast(proposed.last_head_amount as decimal(18, 4)) as last_head_amount,
    cast(proposed.change_amount as decimal(18, 4)) as change_amount,
    not proposed.is_enough as is_left_out,
    advice.advice_id,
    advice.advice_en,
    advice.advice_zh
from proposed
inner join {{ ref('dim_regions') }} as regions on proposed.region_key = regions.region_key
left join {{ ref('advice') }} as advice on proposed.advice_id = advice.advice_id
where {{ is_measured('region_deals') }}
