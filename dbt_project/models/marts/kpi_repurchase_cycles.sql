with
judged as (
    select
        compared.*,
        {{ ratio('median_days - previous_median_days', 'previous_median_days') }} as change_rate,
        case
            when not is_comparable then 'no_time_before'
            when p_value is null then 'too_few'
            when q_value <= significance and greatest(own_factor, cycle_factor) <= 1 - least_change_rate then 'shorter'
            when q_value <= significance and least(own_factor, cycle_factor) >= 1 + least_change_rate then 'longer'
            else 'steady'
        end as change_status
    from {{ ref('int_repurchase_cycles_compared') }} as compared
)

select
    judged.month_start_date,
    judged.period_end_date,
    judged.product_line,
    judged.gap_count,
    judged.ended_count,
    cast(judged.waited_days as bigint) as waited_days,
    cast(judged.median_days as bigint) as median_days,
    judged.previous_gap_count,
    judged.previous_ended_count,
    cast(judged.previous_waited_days as bigint) as previous_waited_days,
    cast(judged.previous_median_days as bigint) as previous_median_days,
    judged.change_rate,
    cast(judged.own_factor as decimal(18, 8)) as own_factor,
    cast(judged.cycle_factor as decimal(18, 8)) as cycle_factor,
    cast(judged.p_value as decimal(18, 8)) as p_value,
    cast(judged.q_value as decimal(18, 8)) as q_value,
    judged.change_status,
    judged.change_status in ('shorter', 'longer') as is_changed,
    advice.advice_id,
    advice.advice_en,
    advice.advice_zh
from judged
-- Sooner may be a new use or smaller packs, later may be larger ones: neither is good or bad by itself.
left join {{ ref('advice') }} as advice on judged.change_status in ('shorter', 'longer') and advice.advice_id = 'find_reason'
