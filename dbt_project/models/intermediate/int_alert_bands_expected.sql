{#- How many periods before it a period is expected from, and how many of those expectations tell the usual error. -#}
{%- set reference = {'day': 8, 'week': 8, 'month': 6, 'quarter': 4} -%}
{%- set judged_by = {'day': 60, 'week': 52, 'month': 24, 'quarter': 12} -%}
{%- set fewest = {'day': 20, 'week': 20, 'month': 12, 'quarter': 8} -%}
{%- set member = 'metric_id, period_grain, dimension_name, dimension_value' -%}
-- What a period should have been by what came before it: the median of the last periods of its kind. How far such an expectation is
-- usually off is told by how far the earlier ones were, and no less than by what one record makes. docs/alerts.md says why it is done so.
with
asked as (
    select distinct
        metric_id,
        period_grain,
        dimension_name,
        is_additive,
        unit
    from {{ ref('int_alert_rules_defined') }}
    where kind = 'seasonal_band'
),

-- Days are held against days of their kind, longer periods that grow with the days against each other by the day.
kinds as (
    select
        periods.metric_id,
        periods.period_grain,
        periods.dimension_name,
        periods.dimension_value,
        periods.period_start_date,
        periods.value,
        periods.denominator,
        asked.is_additive,
        asked.unit,
        periods.period_kind,
        periods.day_of_week,
        periods.workday_count,
        case
            when not asked.is_additive or periods.period_grain = 'day' then 1
            else {{ effective_days('periods', 'coalesce(weights.off_day_weight, 1)', 'coalesce(weights.holiday_weight, 1)') }}
        end as effective_day_count
    from {{ ref('int_alert_periods_followed') }} as periods
    inner join asked
        on
            periods.metric_id = asked.metric_id
            and periods.period_grain = asked.period_grain
            and periods.dimension_name = asked.dimension_name
    left join {{ ref('int_alert_days_weighed') }} as weights
        on
            periods.metric_id = weights.metric_id
            and periods.dimension_name = weights.dimension_name
            and periods.dimension_value = weights.dimension_value
            and case when periods.period_grain <> 'day' then periods.period_start_date - 1 end = weights.date_day
    where periods.is_matured
),

-- Of amounts and counts the square root, which spreads as much for small ones as for large ones (Bartlett 1936).
rooted as (
    select
        kinds.*,
        case when period_kind in ('workday', 'off_day') then cast(day_of_week as {{ dbt.type_string() }}) else period_kind end
            as reference_kind,
        case
            when is_additive then {{ signed_root('cast(value as double) / effective_day_count') }}
            else cast(value as double)
        end as root
    from kinds
    -- who sells on workdays alone is no measure of a week that has none, nor is what was sold once at a weekend
    where period_grain = 'day' or workday_count > 0
),

expected as (
    {% for grain, count in reference.items() %}
    select
        rooted.*,
        {{ trailing_median('root', member ~ ', reference_kind', 'period_start_date', count) }} as expected_root,
        count(*) over (
            partition by {{ member }}, reference_kind order by period_start_date
            rows between {{ count }} preceding and 1 preceding
        ) as reference_count
    from rooted
    where period_grain = '{{ grain }}'
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

missed as (
    select
        expected.*,
        -- rounded, for a difference of two doubles that are alike is seldom 0
        round(abs(root - expected_root), 9) as miss
    from expected
    where reference_count = {{ window_of('period_grain', reference) }}
),

spread as (
    {% for grain, count in judged_by.items() %}
    {%- set before -%}
    over (
            partition by {{ member }}, period_kind order by period_start_date
            rows between {{ count }} preceding and 1 preceding
        )
    {%- endset %}
    select
        missed.*,
        -- 1.4826 makes a median of misses the standard deviation of a normal distribution (Hampel 1974)
        1.4826 * {{ trailing_median('miss', member ~ ', period_kind', 'period_start_date', count) }} as median_spread,
        -- where most periods were as expected to the last digit, that is 0, and the standard deviation tells of the others
        sqrt(avg(miss * miss) {{ before }}) as mean_spread,
        sqrt(sum(power(root, 4)) {{ before }} / nullif(sum(root * root) {{ before }}, 0)) as piece_root,
        count(*) {{ before }} as miss_count
    from missed
    where period_grain = '{{ grain }}'
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

-- What chance alone moves: a count by its root, whose own root by a half (Bartlett 1936); what is usually 0 comes in pieces as large as it
-- is when there is something, the large ones weighing more, as the variance of a sum of a random number of them has it (the mean of
-- their squares by their mean). A share moves by a record more or less, anything else by what a message shows of it.
chance as (
    select
        spread.*,
        case
            when is_additive and expected_root = 0 then 0.5 * greatest(1 / sqrt(effective_day_count), coalesce(piece_root, 0))
            when is_additive then 0.5 / sqrt(effective_day_count)
            when unit = 'rate' then greatest(coalesce(1 / nullif(cast(denominator as double), 0), 0), 0.001)
            when unit = 'money' then 1
            when unit in ('hour', 'day') then 0.1
            else 0.01
        end as chance_spread
    from spread
)

select
    metric_id,
    period_grain,
    dimension_name,
    dimension_value,
    period_start_date,
    reference_kind,
    is_additive,
    effective_day_count,
    expected_root,
    greatest(
        case
            -- one holiday is unlike another: most of them say nothing of the one on which all are closed
            when period_kind = 'holiday' then greatest(median_spread, mean_spread)
            when median_spread > 0 then median_spread
            else mean_spread
        end, chance_spread
    ) as root_spread,
    miss_count
from chance
where miss_count >= {{ window_of('period_grain', fewest) }}
