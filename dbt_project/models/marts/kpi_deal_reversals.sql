with
compared as (
    select
        compared.*,
        {{ ratio('won_count', 'closed_count') }} as win_rate,
        {{ ratio('other_won_count', 'other_closed_count') }} as other_win_rate,
        cast(adjusted_difference * 100 as decimal(18, 4)) as adjusted_difference_points
    from {{ ref('int_deal_reversals') }} as compared
),

judged as (
    select
        compared.*,
        cast((win_rate - other_win_rate) * 100 as decimal(18, 4)) as difference_points,
        -- Surely the one over all and surely the other within, in most segments that have deals enough of both.
        p_value <= significance
        and adjusted_p_value <= significance
        and counted_segment_count >= 2
        and (
            (win_rate < other_win_rate and adjusted_difference_points > 0 and better_segment_count * 2 > counted_segment_count)
            or (win_rate > other_win_rate and adjusted_difference_points < 0 and worse_segment_count * 2 > counted_segment_count)
        ) as is_reversal
    from compared
),

names as (
    select
        'rep' as member_type,
        rep_key as member_key,
        rep_name as member_name
    from {{ ref('dim_sales_reps') }}
    union all
    select
        'region' as member_type,
        region_key as member_key,
        region_name_zh as member_name
    from {{ ref('dim_regions') }}
)

select
    judged.member_type,
    judged.segment_type,
    judged.peer_group,
    judged.member_key,
    coalesce(names.member_name, judged.member_key) as member_name,
    judged.other_key,
    coalesce(other_names.member_name, judged.other_key) as other_name,
    cast(judged.closed_count as bigint) as closed_count,
    cast(judged.won_count as bigint) as won_count,
    judged.win_rate,
    cast(judged.other_closed_count as bigint) as other_closed_count,
    cast(judged.other_won_count as bigint) as other_won_count,
    judged.other_win_rate,
    judged.difference_points,
    judged.adjusted_difference_points,
    cast(judged.segment_count as bigint) as segment_count,
    cast(judged.counted_segment_count as bigint) as counted_segment_count,
    cast(judged.better_segment_count as bigint) as better_segment_count,
    cast(judged.worse_segment_count as bigint) as worse_segment_count,
    cast(judged.p_value as decimal(18, 8)) as p_value,
    cast(judged.adjusted_p_value as decimal(18, 8)) as adjusted_p_value,
    judged.is_reversal,
    advice.advice_id,
    advice.advice_en,
    advice.advice_zh
from judged
left join names on judged.member_type = names.member_type and judged.member_key = names.member_key
left join names as other_names on judged.member_type = other_names.member_type and judged.other_key = other_names.member_key
left join {{ ref('advice') }} as advice on judged.is_reversal and advice.advice_id = 'compare_within'
