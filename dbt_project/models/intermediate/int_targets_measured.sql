-- Where a goal stands and where it will end if things go on as they do; docs/targets.md says how.
with
actuals as (
    select
        target_id,
        sum(numerator) filter (where is_counted) as actual_numerator,
        sum(denominator) filter (where is_counted) as actual_denominator,
        max_by(value, period_start_date) filter (where is_counted and value is not null) as latest_counted_value,
        max_by(denominator, period_start_date) filter (where is_counted) as latest_denominator,
        max_by(value, period_start_date) filter (where is_matured and value is not null) as latest_value,
        max(period_end_date) filter (where is_matured and period_end_date <= {{ business_date() }}) as last_whole_date,
        -- zeros are there from the company's first day on: the history of a member begins with its first figure
        min(period_start_date) filter (where numerator <> 0) as first_date,
        bool_or(is_within and not is_matured) as is_maturing
    from {{ ref('int_targets_followed') }}
    group by target_id
),

-- The last four weeks that are whole; of months or quarters the last one.
trailing_periods as (
    select
        followed.target_id,
        sum(followed.numerator) as trailing_numerator,
        sum(followed.denominator) as trailing_denominator
    from {{ ref('int_targets_followed') }} as followed
    inner join actuals on followed.target_id = actuals.target_id
    where
        followed.is_matured
        and followed.period_end_date <= actuals.last_whole_date
        and followed.period_end_date > actuals.last_whole_date - 28
    group by followed.target_id
),

-- The same weekdays a year before: 364 days are 52 whole weeks. How a year went is known of who was there from the first
-- of these days on, once the last of them is over; and of days alone, since a week that runs has a part of what it will bring.
last_years as (
    select
        targets.target_id,
        sum(followed.numerator) filter (where followed.period_start_date + 364 <= {{ business_date() }}) as passed_amount,
        sum(followed.numerator) as whole_amount
    from {{ ref('int_targets_defined') }} as targets
    inner join {{ ref('int_targets_followed') }} as followed on targets.target_id = followed.target_id
    inner join actuals on targets.target_id = actuals.target_id
    where
        targets.aggregation = 'sum'
        and followed.period_grain = 'day'
        and followed.period_start_date between targets.starts_on - 364 and targets.due_on - 364
        and actuals.first_date <= targets.starts_on - 364
        and targets.due_on - 364 <= {{ business_date() }}
    group by targets.target_id
),

-- Coverage is of what is missing to a sales goal: where its last word is that nothing is, it has no value and is met.
won as (
    select
        targets.target_id,
        {{ has_nothing_left('targets.metric_id', 'actuals.latest_denominator') }} as is_won
    from {{ ref('int_targets_defined') }} as targets
    left join actuals on targets.target_id = actuals.target_id
),

measured as (
    select
        targets.target_id,
        targets.aggregation,
        won.is_won,
        cast(actuals.actual_numerator as decimal(28, 8)) as actual_numerator,
        cast(actuals.actual_denominator as decimal(28, 8)) as actual_denominator,
        case
            when won.is_won then null
            when targets.aggregation = 'sum' then cast(actuals.actual_numerator as decimal(28, 8))
            when targets.aggregation = 'ratio' then {{ ratio('actuals.actual_numerator', 'actuals.actual_denominator') }}
            else actuals.latest_counted_value
        end as actual_value,
        case
            when won.is_won then null
            when targets.aggregation = 'ratio'
                then {{ ratio('trailing_periods.trailing_numerator', 'trailing_periods.trailing_denominator') }}
            else actuals.latest_value
        end as trailing_value,
        paces.pace_count,
        paces.passed_pace_count,
        case when last_years.whole_amount >= last_years.passed_amount and last_years.passed_amount > 0 then last_years.whole_amount end
            as whole_amount,
        last_years.passed_amount,
        targets.starts_on <= {{ business_date() }} as is_begun,
        targets.due_on <= {{ business_date() }} and not coalesce(actuals.is_maturing and targets.is_cohort, false) as is_final
    from {{ ref('int_targets_defined') }} as targets
    inner join {{ ref('int_targets_paced') }} as paces on targets.target_id = paces.target_id
    inner join won on targets.target_id = won.target_id
    left join actuals on targets.target_id = actuals.target_id
    left join trailing_periods on targets.target_id = trailing_periods.target_id
    left join last_years on targets.target_id = last_years.target_id
    where targets.is_whole
),

-- what is done counts with its share of the workdays, the rest runs as the last weeks did
weighed as (
    select
        measured.*,
        coalesce(actual_value, trailing_value) * passed_pace_count as done_amount,
        trailing_value * (pace_count - passed_pace_count) as coming_amount
    from measured
)

select
    target_id,
    actual_numerator,
    actual_denominator,
    actual_value,
    trailing_value,
    is_won,
    is_begun,
    is_final,
    case
        when not is_begun then null
        when is_final then actual_value
        when aggregation = 'sum' and whole_amount is not null
            then {{ ratio('cast(actual_value as double) * whole_amount', 'passed_amount') }}
        when aggregation = 'sum' then {{ ratio('actual_value * pace_count', 'passed_pace_count') }}
        when aggregation = 'ratio' then {{ ratio('done_amount + coming_amount', 'pace_count') }}
        else coalesce(actual_value, trailing_value)
    end as projected_value,
    case
        when not is_begun then null
        when is_final then 'final'
        when aggregation <> 'sum' then 'trailing'
        when whole_amount is not null then 'last_year'
        else 'workdays'
    end as projection_method
from weighed
