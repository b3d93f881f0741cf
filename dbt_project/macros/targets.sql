{# How a goal is followed and judged. #}

{% macro outside(value, lower, upper) -%}
{#- How far a value lies outside of a band; 0 within it. -#}
greatest({{ lower }} - {{ value }}, {{ value }} - {{ upper }}, 0)
{%- endmacro %}

{% macro reaches(value, direction, goal, outside_value) -%}
case {{ direction }}
    when 'band' then {{ outside_value }} = 0
    when 'down' then {{ value }} <= {{ goal }}
    else {{ value }} >= {{ goal }}
end
{%- endmacro %}

{% macro has_nothing_left(metric_id, denominator) -%}
{#- Whether coverage has no value because nothing is missing to its sales goals any more: it is met. -#}
coalesce({{ metric_id }} = 'pipeline_coverage_ratio' and {{ denominator }} <= 0, false)
{%- endmacro %}

{% macro is_of_whole_periods(grain, goal) -%}
{#- Whether the days of a goal are whole periods, one or several. -#}
(
    {{ period_start_of(grain, goal ~ '.starts_on') }} = {{ goal }}.starts_on
    and {{ period_end_of(grain, period_start_of(grain, goal ~ '.due_on')) }} = {{ goal }}.due_on
)
{%- endmacro %}

{% macro is_one_period(grain, goal) -%}
(
    {{ period_start_of(grain, goal ~ '.starts_on') }} = {{ goal }}.starts_on
    and {{ period_end_of(grain, goal ~ '.starts_on') }} = {{ goal }}.due_on
)
{%- endmacro %}

{% macro followed_periods(goals, key, history_days=0) -%}
{#-
    The periods of what goals aim at, up to the business date, each goal by one grain that fits its days. `goals` has the
    columns of `key`, metric_id, scope_dimension, scope_value, aggregation, is_of_one_period, is_in_parts (whether what is
    counted again in each period may be put together from several, which counts some twice), is_cohort, starts_on and due_on.
-#}
{%- set keys = [] -%}
{%- for column in key -%}{%- do keys.append('goals.' ~ column) -%}{%- endfor -%}
with
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
        {{ keys | join(', ') }},
        known.period_grain
    from {{ goals }} as goals
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
-- period that the goal is about, and none where it is about several; in parts the fewest that there are. A sum of days that
-- are known by month alone can be taken of whole months: a goal that begins or ends within one would have days of others in it.
chosen as (
    select
        {{ keys | join(', ') }},
        grains.period_grain,
        row_number() over (
            partition by {{ keys | join(', ') }}
            order by
                case when matured.period_grain is not null then 1 else 2 end asc,
                case
                    when goals.aggregation = 'median' or goals.is_of_one_period then -grains.coarseness
                    else grains.coarseness
                end asc
        ) as place
    from {{ goals }} as goals
    inner join grains on goals.metric_id = grains.metric_id and goals.scope_dimension = grains.dimension_name
    left join matured
        on
            {{ same_key('goals', 'matured', key) }}
            and grains.period_grain = matured.period_grain
    where
        case
            when goals.is_of_one_period and not goals.is_in_parts then {{ is_one_period('grains.period_grain', 'goals') }}
            when goals.aggregation = 'median'
                then
                    {{ period_before('grains.period_grain', period_start_of('grains.period_grain', '(goals.due_on + 1)')) }}
                    >= goals.starts_on
            when goals.aggregation = 'sum' then {{ is_of_whole_periods('grains.period_grain', 'goals') }}
            else true
        end
)

select
    {{ keys | join(', ') }},
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
from {{ goals }} as goals
inner join chosen
    on
        {{ same_key('goals', 'chosen', key) }}
        and chosen.place = 1
inner join known as followed
    on
        goals.metric_id = followed.metric_id
        and chosen.period_grain = followed.period_grain
        and goals.scope_dimension = followed.dimension_name
        and goals.scope_value = followed.dimension_value
        and followed.period_start_date <= {{ business_date() }}
        and followed.period_start_date between goals.starts_on - {{ history_days }} and goals.due_on
{%- endmacro %}
