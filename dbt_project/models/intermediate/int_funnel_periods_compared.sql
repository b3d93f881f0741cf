-- What came to each step in each month and quarter, how much of it went on in time, and how that compares with the steps' own
-- past: the periods before it that were mature and large enough, at most a year of months or two years of quarters.
with
settings as (
    select * from {{ ref('stg_settings__funnel') }}
),

passages as (
    {% for grain in ['month', 'quarter'] %}
    select
        passages.*,
        '{{ grain }}' as period_grain,
        {{ period_start(grain, 'passages.entered_date') }} as period_start_date
    from {{ ref('int_funnel_steps_passed') }} as passages
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

counted as (
    select
        period_grain,
        period_start_date,
        case period_grain
            when 'month' then {{ period_end('month', 'period_start_date') }}
            else {{ period_end('quarter', 'period_start_date') }}
        end as period_end_date,
        step_level,
        step_type,
        step,
        min(step_order) as step_order,
        count(*) filter (where is_first) as entered_count,
        count(*) filter (where is_first and is_converted_in_time) as converted_count,
        count(*) as stay_count,
        count(*) filter (where outcome = 'advanced') as advanced_count,
        count(*) filter (where outcome = 'lost') as lost_count,
        count(*) filter (where outcome = 'open') as open_count,
        count(*) filter (where outcome = 'regressed') as regressed_count
    from passages
    group by period_grain, period_start_date, step_level, step_type, step
),

matured as (
    select
        counted.*,
        settings.odd_score,
        counted.period_end_date + settings.maturity_days <= {{ business_date() }} as is_matured,
        counted.entered_count >= settings.odd_minimum_entered as is_large,
        cast(counted.converted_count as double) / nullif(counted.entered_count, 0) as conversion,
        case counted.period_grain when 'month' then 12 else 8 end as most_periods,
        case counted.period_grain when 'month' then 6 else 3 end as fewest_periods,
        cast(case counted.period_grain
            when 'month' then {{ dbt.dateadd('month', -12, 'counted.period_start_date') }}
            else {{ dbt.dateadd('month', -24, 'counted.period_start_date') }}
        end as date) as history_from_date
    from counted
    cross join settings
),

history as (
    select
        present.period_grain,
        present.period_start_date,
        present.step_level,
        present.step,
        past.conversion,
        past.entered_count,
        past.converted_count
    from matured as present
    inner join matured as past
        on
            present.period_grain = past.period_grain
            and present.step_level = past.step_level
            and present.step = past.step
            and present.period_start_date > past.period_start_date
            and present.history_from_date <= past.period_start_date
            and past.is_matured
            and past.is_large
),

medians as (
    select
        period_grain,
        period_start_date,
        step_level,
        step,
        median(conversion) as expected,
        count(*) as period_count,
        sum(entered_count) as entered_count,
        -- One more of each, so that what always went on is not taken for what cannot fail to.
        (sum(converted_count) + 1.0) / (sum(entered_count) + 2.0) as pooled
    from history
    group by period_grain, period_start_date, step_level, step
),

expected as (
    select
        medians.period_grain,
        medians.period_start_date,
        medians.step_level,
        medians.step,
        medians.expected,
        medians.period_count,
        medians.entered_count,
        medians.pooled,
        -- 1.4826 times the median deviation estimates the standard deviation of a normal distribution.
        1.4826 * median(abs(history.conversion - medians.expected)) as spread
    from medians
    inner join history
        on
            medians.period_grain = history.period_grain
            and medians.period_start_date = history.period_start_date
            and medians.step_level = history.step_level
            and medians.step = history.step
    group by
        medians.period_grain, medians.period_start_date, medians.step_level, medians.step, medians.expected,
        medians.period_count, medians.entered_count, medians.pooled
),

scored as (
    select
        matured.*,
        expected.expected,
        expected.period_count,
        case
            when
                matured.is_matured
                and matured.is_large
                and expected.period_count >= matured.fewest_periods
                -- from nothing a step cannot fall
                and expected.expected > 0
                then (matured.conversion - expected.expected) / sqrt(
                    -- chance in the period itself, or what the step usually varies by where that is more
                    greatest(
                        expected.spread * expected.spread, expected.pooled * (1 - expected.pooled) / matured.entered_count
                    )
                    -- and the chance in the median of the past: pi / 2 times that of a mean
                    + 1.5708 * expected.pooled * (1 - expected.pooled) / expected.entered_count
                )
        end as score
    from matured
    left join expected
        on
            matured.period_grain = expected.period_grain
            and matured.period_start_date = expected.period_start_date
            and matured.step_level = expected.step_level
            and matured.step = expected.step
),

dwell as (
    {{ kaplan_meier(
        'passages', ['period_grain', 'period_start_date', 'step_level', 'step'], 'dwell_days', 'is_over', [0.5, 0.9],
        restricted_mean=true,
    ) | indent(4) }}
),

worked as (
    {{ kaplan_meier(
        'passages', ['period_grain', 'period_start_date', 'step_level', 'step'], 'dwell_workdays', 'is_over', [0.5, 0.9],
        restricted_mean=true,
    ) | indent(4) }}
)

select
    scored.*,
    case
        when scored.score is not null
            then rank() over (
                partition by scored.period_grain, scored.period_start_date, scored.step_level, scored.score is null
                order by scored.score asc
            )
    end as odd_rank,
    previous.entered_count as previous_entered_count,
    previous.converted_count as previous_converted_count,
    year_before.entered_count as year_before_entered_count,
    year_before.converted_count as year_before_converted_count,
    dwell.subject_count as dwell_count,
    dwell.event_count as dwell_finished_count,
    dwell.restricted_mean as dwell_mean_days,
    dwell.p50 as dwell_median_days,
    dwell.p90 as dwell_p90_days,
    worked.restricted_mean as dwell_mean_workdays,
    worked.p50 as dwell_median_workdays,
    worked.p90 as dwell_p90_workdays
from scored
left join dwell
    on
        scored.period_grain = dwell.period_grain
        and scored.period_start_date = dwell.period_start_date
        and scored.step_level = dwell.step_level
        and scored.step = dwell.step
left join worked
    on
        scored.period_grain = worked.period_grain
        and scored.period_start_date = worked.period_start_date
        and scored.step_level = worked.step_level
        and scored.step = worked.step
left join matured as previous
    on
        scored.period_grain = previous.period_grain
        and scored.step_level = previous.step_level
        and scored.step = previous.step
        and scored.period_start_date = cast(
            case previous.period_grain
                when 'month' then {{ dbt.dateadd('month', 1, 'previous.period_start_date') }}
                else {{ dbt.dateadd('month', 3, 'previous.period_start_date') }}
            end as date
        )
left join matured as year_before
    on
        scored.period_grain = year_before.period_grain
        and scored.step_level = year_before.step_level
        and scored.step = year_before.step
        and scored.period_start_date = cast({{ dbt.dateadd('month', 12, 'year_before.period_start_date') }} as date)
