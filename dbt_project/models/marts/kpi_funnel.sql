with
told as (
    select * from {{ ref('int_funnel_journeys') }}
    where step_type <> 'lead' or {{ is_measured('funnel_of_leads') }}
),

-- A deal that nobody has dated is of no cohort; the stage in which it stands is there all the same.
steps as (
    select distinct
        step_type,
        step,
        step_order
    from told
),

-- The stages of each source.
stages as (
    select distinct
        deal_source,
        step_order
    from told
    where step_type = 'stage'
),

journeys as (
    select * from told
    where cohort_month is not null
),

cohorts as (
    select distinct cohort_month from journeys
),

counted as (
    select
        cohort_month,
        step_order,
        count(*) as entered_count,
        count(*) filter (where is_left_behind or is_paid_in_full) as advanced_count,
        count(*) filter (where not is_left_behind and not is_paid_in_full and is_ended) as lost_count,
        count(*) filter (where not is_left_behind and not is_paid_in_full and not is_ended) as open_count,
        count(*) filter (where is_in_order) as in_order_count,
        count(*) filter (where is_in_order and (is_next_in_order or is_paid_in_full)) as in_order_advanced_count,
        count(*) filter (where has_regressed) as regressed_count,
        count(*) filter (where first_step_order < step_order and step_order < last_step_order) as between_count,
        sum(amount) as entered_amount
    from journeys
    group by cohort_month, step_order
),

-- How far journeys went: a step between the first and the last one was passed, entered or not, where the source of the deals
-- has it.
spans as (
    select
        cohort_month,
        deal_source,
        first_step_order,
        last_step_order,
        count(*) as journey_count
    from (
        select distinct
            journey_key,
            cohort_month,
            deal_source,
            first_step_order,
            last_step_order
        from journeys
    ) as each_once
    group by cohort_month, deal_source, first_step_order, last_step_order
),

passed as (
    select
        spans.cohort_month,
        steps.step_order,
        sum(spans.journey_count) as passed_count
    from spans
    inner join steps on spans.first_step_order < steps.step_order and spans.last_step_order > steps.step_order
    left join stages on spans.deal_source = stages.deal_source and steps.step_order = stages.step_order
    where steps.step_type <> 'stage' or spans.deal_source is null or stages.step_order is not null
    group by spans.cohort_month, steps.step_order
)

select
    cohorts.cohort_month,
    cast(steps.step_order as bigint) as step_order,
    steps.step,
    {{ step_name('steps.step_type', 'steps.step', 'en') }} as step_name_en,
    {{ step_name('steps.step_type', 'steps.step', 'zh') }} as step_name_zh,
    coalesce(counted.entered_count, 0) as entered_count,
    coalesce(counted.advanced_count, 0) as advanced_count,
    coalesce(counted.lost_count, 0) as lost_count,
    coalesce(counted.open_count, 0) as open_count,
    cast(coalesce(passed.passed_count, 0) - coalesce(counted.between_count, 0) as bigint) as skipped_count,
    coalesce(counted.in_order_count, 0) as in_order_count,
    coalesce(counted.in_order_advanced_count, 0) as in_order_advanced_count,
    coalesce(counted.regressed_count, 0) as regressed_count,
    cast(coalesce(counted.entered_amount, 0) as decimal(18, 4)) as entered_amount,
    cast({{ dbt.last_day('cohorts.cohort_month', 'month') }} as date) + settings.maturity_days
    <= {{ business_date() }} as is_matured
from cohorts
cross join steps
cross join {{ ref('stg_settings__funnel') }} as settings
left join counted
    on
        cohorts.cohort_month = counted.cohort_month
        and steps.step_order = counted.step_order
left join passed
    on
        cohorts.cohort_month = passed.cohort_month
        and steps.step_order = passed.step_order
