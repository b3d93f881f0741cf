with
tested as (
    select
        tested.*,
        {{ ratio('won_count', 'closed_count') }} as win_rate,
        {{ ratio('expected_won', 'closed_count') }} as expected_win_rate,
        {{ ratio('won_count - expected_won', 'expected_won') }} as difference_rate
    from {{ ref('int_deals_interacting') }} as tested
)

select
    tested.combination_type,
    tested.industry,
    tested.product_line,
    tested.rep_key,
    case when tested.rep_key = 'all' then 'all' else reps.rep_name end as rep_name,
    cast(tested.closed_count as bigint) as closed_count,
    cast(tested.won_count as bigint) as won_count,
    cast(tested.won_amount as decimal(18, 4)) as won_amount,
    tested.win_rate,
    cast(tested.expected_won as decimal(18, 4)) as expected_won_count,
    tested.expected_win_rate,
    tested.difference_rate,
    cast(tested.p_value as decimal(18, 8)) as p_value,
    cast(tested.q_value as decimal(18, 8)) as q_value,
    case
        when tested.p_value is null then 'too_few'
        when tested.q_value <= tested.significance and tested.difference_rate >= tested.least_change_rate then 'better'
        when tested.q_value <= tested.significance and tested.difference_rate <= -tested.least_change_rate then 'worse'
        else 'as_expected'
    end as interaction_status
from tested
left join {{ ref('dim_sales_reps') }} as reps on tested.rep_key = reps.rep_key
