with
compared as (
    select
        compared.*,
        {{ ratio('repurchase_customer_count', 'customer_count') }} as repurchase_rate,
        case
            when is_comparable then {{ ratio('previous_repurchase_customer_count', 'previous_customer_count') }}
        end as previous_repurchase_rate
    from {{ ref('int_repurchases_compared') }} as compared
),

changed as (
    select
        compared.*,
        {{ ratio('repurchase_rate - previous_repurchase_rate', 'previous_repurchase_rate') }} as change_rate
    from compared
),

judged as (
    select
        changed.*,
        case
            when not is_comparable then 'no_year_before'
            when p_value is null or repurchase_rate is null or previous_repurchase_rate is null then 'too_few'
            when q_value <= significance and change_rate <= -least_change_rate then 'fell'
            when q_value <= significance and change_rate >= least_change_rate then 'rose'
            -- a change from nothing has no rate
            when q_value <= significance and change_rate is null and repurchase_rate > 0 then 'rose'
            else 'steady'
        end as change_status
    from changed
),

advice as (
    select * from {{ ref('advice') }}
)

select
    judged.month_start_date,
    judged.period_end_date,
    judged.category,
    judged.price_band,
    judged.repurchase_customer_count,
    judged.customer_count,
    judged.repurchase_rate,
    judged.year_before_date as previous_period_end_date,
    judged.previous_repurchase_customer_count,
    judged.previous_customer_count,
    judged.previous_repurchase_rate,
    judged.change_rate,
    cast((judged.repurchase_rate - judged.previous_repurchase_rate) * 100 as decimal(18, 4)) as change_points,
    cast(judged.p_value as decimal(18, 8)) as p_value,
    cast(judged.q_value as decimal(18, 8)) as q_value,
    judged.change_status,
    judged.change_status = 'fell' as is_flagged,
    advice.advice_id,
    advice.advice_en,
    advice.advice_zh
from judged
-- Who stopped coming back did not stop for the price of one purchase: a lower price would go to those who stay, too.
left join advice on judged.change_status = 'fell' and advice.advice_id = 'member_benefits'
