with
compared as (
    select
        compared.*,
        cast(exp(log_mean) as decimal(18, 4)) as typical_hours,
        cast(exp(other_log_mean) as decimal(18, 4)) as other_typical_hours,
        cast(exp(log_mean - other_log_mean) as decimal(18, 8)) as answer_factor,
        cast(exp(log_mean - middle_log) as decimal(18, 8)) as middle_factor
    from {{ ref('int_teams_compared') }} as compared
),

judged as (
    select
        compared.*,
        case
            when p_value is null then 'too_few'
            when may_be_slower and q_value <= significance and least(answer_factor, middle_factor) >= 1 + least_change_rate then 'slower'
            when may_be_sooner and q_value <= significance and greatest(answer_factor, middle_factor) <= 1 - least_change_rate then 'sooner'
            else 'as_others'
        end as response_status
    from compared
)

select
    judged.team,
    {{ business_date() }} - 364 as period_start_date,
    {{ business_date() }} as period_end_date,
    judged.lead_count,
    judged.answered_count,
    cast(judged.median_hours as decimal(18, 4)) as median_hours,
    judged.typical_hours,
    judged.other_typical_hours,
    judged.answer_factor,
    judged.middle_factor,
    cast(judged.p_value as decimal(18, 8)) as p_value,
    cast(judged.q_value as decimal(18, 8)) as q_value,
    judged.response_status,
    advice.advice_id,
    advice.advice_en,
    advice.advice_zh
from judged
left join {{ ref('advice') }} as advice on judged.response_status = 'slower' and advice.advice_id = 'script_training'
where {{ is_measured('team_responses') }}
