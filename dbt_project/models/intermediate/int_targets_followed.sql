-- What each goal aims at, with its history, by the finest period there is, which says most exactly which days count.
with
goals as (
    select * from {{ ref('int_targets_defined') }}
    where is_known_metric and starts_on is not null and due_on is not null
),

grains as (
    select distinct
        metric_id,
        dimension_name,
        period_grain,
        case period_grain when 'day' then 1 when 'week' then 2 when 'month' then 3 else 4 end as coarseness
    from {{ ref('int_kpi_values') }}
    where period_grain <> 'all'
),

known as (
    select
        metric_id,
        period_grain,
        period_start_date,
        dimension_name,
        dimension_value,
        numerator,
        denominator,
        value,
        is_matured
    from {{ ref('int_kpi_values') }}
    union all
    select
        told.*,
        true as is_matured
    from {{ ref('int_levels_told') }} as told
),

-- The periods of which a goal on a median of cohorts has one that has had its time.
matured as (
    select distinct
        goals.target_id,
        known.period_grain
    from goals
    inner join known
        on
            goals.metric_id = known.metric_id
            and goals.scope_dimension = known.dimension_name
            and goals.scope_value = known.dimension_value
            and known.period_start_date between goals.starts_on and goals.due_on
    where goals.aggregation = 'median' and goals.is_cohort and known.is_matured and known.value is not null
),

-- Medians do not add up: the longest period that a goal has room for; of cohorts the longest that has had its time, so that
-- the months of a quarter speak until the quarter can. What is counted again in each period does not add up either: the
-- period that the goal is about, and none where it is about several. A sum of days that are known by month alone can be
-- taken of whole months: a goal that begins or ends within one would have days of others in it.
chosen as (
    select
        goals.target_id,
        grains.period_grain,
        row_number() over (
            partition by goals.target_id
            order by
                case when matured.target_id is not null then 1 else 2 end asc,
                case when goals.aggregation = 'median' then -grains.coarseness else grains.coarseness end asc
        ) as place
    from goals
    inner join grains on goals.metric_id = grains.metric_id and goals.scope_dimension = grains.dimension_name
    left join matured on goals.target_id = matured.target_id and grains.period_grain = matured.period_grain
    where
        case
            when goals.is_of_one_period
                then
                    {{ period_start_of('grains.period_grain', 'goals.starts_on') }} = goals.starts_on
                    and {{ period_end_of('grains.period_grain', 'goals.starts_on') }} = goals.due_on
            when goals.aggregation = 'median'
                then
                    {{ period_before('grains.period_grain', period_start_of('grains.period_grain', '(goals.due_on + 1)')) }}
                    >= goals.starts_on
            when goals.aggregation = 'sum'
                then
                    {{ period_start_of('grains.period_grain', 'goals.starts_on') }} = goals.starts_on
                    and {{ period_end_of('grains.period_grain', 'goals.due_on') }} = goals.due_on
            else true
        end
),

periods as (
    select
        goals.target_id,
        goals.aggregation,
        goals.is_cohort,
        goals.starts_on,
        goals.due_on,
        followed.period_grain,
        followed.period_start_date,
        {{ period_end_of('followed.period_grain', 'followed.period_start_date') }} as period_end_date,
        case when goals.is_of_one_period then followed.value else followed.numerator end as numerator,
        case when not goals.is_of_one_period then followed.denominator end as denominator,
        followed.value,
        followed.is_matured
    from goals
    inner join chosen on goals.target_id = chosen.target_id and chosen.place = 1
    inner join known as followed
        on
            goals.metric_id = followed.metric_id
            and chosen.period_grain = followed.period_grain
            and goals.scope_dimension = followed.dimension_name
            and goals.scope_value = followed.dimension_value
            and followed.period_start_date <= {{ business_date() }}
            -- two years and a month before it are all that anything asks for
            and followed.period_start_date between goals.starts_on - 762 and goals.due_on
)

select
    target_id,
    aggregation,
    period_grain,
    period_start_date,
    period_end_date,
    numerator,
    denominator,
    value,
    is_matured,
    period_start_date between starts_on and due_on as is_within,
    -- A cohort that still has time to convert would pull the rate down.
    period_start_date between starts_on and due_on and (is_matured or not is_cohort) as is_counted
from periods
