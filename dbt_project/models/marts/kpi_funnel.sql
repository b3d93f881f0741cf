with
journeys as (
    select * from {{ ref('int_funnel_journeys') }}
    where cohort_month is not null
),

steps as (
    select
        step_type,
        step,
        type_order,
        stage_order,
        row_number() over (order by type_order asc, stage_order asc, step asc) as step_order
    from (
        select distinct
            step_type,
            step,
            type_order,
            stage_order
        from journeys
    ) as distinct_steps
),

cohorts as (
    select distinct cohort_month from journeys
),

counted as (
    select
        cohort_month,
        step_type,
        step,
        count(*) as entered_count,
        count(*) filter (where is_left_behind or is_paid_in_full) as advanced_count,
        count(*) filter (where not is_left_behind and not is_paid_in_full and is_ended) as lost_count,
        count(*) filter (where not is_left_behind and not is_paid_in_full and not is_ended) as open_count,
        sum(amount) as entered_amount
    from journeys
    group by cohort_month, step_type, step
)

select
    cohorts.cohort_month,
    cast(steps.step_order as bigint) as step_order,
    steps.step,
    case steps.step_type
        when 'lead' then 'Lead' when 'opportunity' then 'Opportunity' when 'won' then 'Won'
        when 'order' then 'Order' when 'invoice' then 'Invoice' when 'payment' then 'Payment'
        else steps.step
    end as step_name_en,
    case steps.step_type
        when 'lead' then '线索' when 'opportunity' then '商机' when 'won' then '赢单'
        when 'order' then '订单' when 'invoice' then '开票' when 'payment' then '回款'
        else steps.step
    end as step_name_zh,
    coalesce(counted.entered_count, 0) as entered_count,
    coalesce(counted.advanced_count, 0) as advanced_count,
    coalesce(counted.lost_count, 0) as lost_count,
    coalesce(counted.open_count, 0) as open_count,
    cast(coalesce(counted.entered_amount, 0) as decimal(18, 4)) as entered_amount,
    cast({{ dbt.last_day('cohorts.cohort_month', 'month') }} as date) + {{ var('funnel_maturity_days') }}
    <= {{ business_date() }} as is_matured
from cohorts
cross join steps
left join counted
    on
        cohorts.cohort_month = counted.cohort_month
        and steps.step_type = counted.step_type
        and steps.step = counted.step
