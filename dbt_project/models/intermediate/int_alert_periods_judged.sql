{%- set periods = [
    'metric_id', 'period_grain', 'dimension_name', 'dimension_value', 'period_start_date', 'period_end_date', 'numerator',
    'denominator', 'value', 'is_matured', 'workday_count',
] -%}
{%- set judged_value = 'case when rules.allows_late then periods.possible_value else periods.value end' -%}
{%- set nothing = 'cast(null as decimal(28, 8))' -%}
-- Every rule on every period that it may judge by now: the newest one is what alert_metrics tells, all of them are its trial.
with
rules as (
    select * from {{ ref('int_alert_rules_defined') }}
),

-- What a figure may become with what is still to come of it; rules that allow for that judge it by this.
figures as (
    select
        periods.*,
        cast(coalesce(shares.completeness_rate, 1) as decimal(18, 8)) as completeness_rate,
        case
            when shares.completeness_rate is null or periods.value <= 0 then periods.value
            else cast(cast(periods.value as double) / nullif(shares.completeness_rate, 0) as decimal(28, 8))
        end as possible_value
    from {{ ref('int_alert_periods_followed') }} as periods
    left join {{ ref('int_alert_completeness_measured') }} as shares
        on
            periods.metric_id = shares.metric_id
            and periods.period_grain = shares.period_grain
            and periods.dimension_name = shares.dimension_name
            and {{ dbt.datediff('periods.period_end_date', business_date(), 'day') }} = shares.age_days
),

limits as (
    select
        rules.rule_id,
        {% for column in periods %}
        periods.{{ column }},
        {% endfor %}
        case when rules.allows_late then periods.completeness_rate else 1 end as completeness_rate,
        {{ judged_value }} as judged_value,
        cast(null as date) as compared_start_date,
        cast(null as date) as compared_end_date,
        cast(null as bigint) as compared_workday_count,
        {{ nothing }} as compared_value,
        cast(null as decimal(18, 8)) as comparison_rate,
        {{ nothing }} as lower_value,
        {{ nothing }} as upper_value,
        coalesce(periods.denominator, abs(periods.value)) as volume,
        case rules.direction
            when 'fall' then {{ judged_value }} <= rules.threshold_value
            else {{ judged_value }} >= rules.threshold_value
        end as is_beyond
    from rules
    inner join figures as periods
        on
            rules.metric_id = periods.metric_id
            and rules.period_grain = periods.period_grain
            and rules.dimension_name = periods.dimension_name
    where rules.kind in ('threshold', 'concentration', 'freshness', 'quality')
),

changes as (
    select
        rules.rule_id,
        {% for column in periods %}
        periods.{{ column }},
        {% endfor %}
        case when rules.allows_late then periods.completeness_rate else 1 end as completeness_rate,
        {{ judged_value }} as judged_value,
        compared.compared_start_date,
        compared.compared_end_date,
        compared.compared_workday_count,
        compared.compared_value,
        cast(compared.comparison_rate as decimal(18, 8)) as comparison_rate,
        {{ nothing }} as lower_value,
        {{ nothing }} as upper_value,
        coalesce(least(periods.denominator, compared.compared_denominator), abs(compared.compared_value)) as volume,
        case
            when rules.threshold_pp is not null
                then
                    case rules.direction
                        when 'fall' then 100 * ({{ judged_value }} - compared.compared_value) <= -rules.threshold_pp
                        else 100 * ({{ judged_value }} - compared.compared_value) >= rules.threshold_pp
                    end
            when rules.direction = 'fall'
                then {{ ratio(judged_value ~ ' - compared.compared_value', 'abs(compared.compared_value)') }} <= -rules.threshold_rate
            else {{ ratio(judged_value ~ ' - compared.compared_value', 'abs(compared.compared_value)') }} >= rules.threshold_rate
        end as is_beyond
    from rules
    inner join {{ ref('int_alert_periods_compared') }} as compared
        on
            rules.metric_id = compared.metric_id
            and rules.period_grain = compared.period_grain
            and rules.dimension_name = compared.dimension_name
            and rules.compared_with = compared.compared_with
    inner join figures as periods
        on
            compared.metric_id = periods.metric_id
            and compared.period_grain = periods.period_grain
            and compared.dimension_name = periods.dimension_name
            and compared.dimension_value = periods.dimension_value
            and compared.period_start_date = periods.period_start_date
    where rules.kind = 'percent_change'
),

-- A spread that is told by few periods is uncertain itself: as for Student's t, with the degrees of freedom of a median of
-- absolute deviations, which is 37 % as efficient as a standard deviation (Rousseeuw and Croux 1993).
widths as (
    select
        rules.rule_id,
        rules.unit,
        {{ is_share('rules.unit', 'rules.metric_id') }} as is_share,
        bands.*,
        bands.root_spread * {{ student_quantile('cast(rules.band_width as double)', '(0.37 * bands.miss_count)') }} as half_width
    from rules
    inner join {{ ref('int_alert_bands_expected') }} as bands
        on
            rules.metric_id = bands.metric_id
            and rules.period_grain = bands.period_grain
            and rules.dimension_name = bands.dimension_name
    where rules.kind = 'seasonal_band'
),

-- Only money can be less than nothing, and no share is more than all: a band ends where its figure does.
edges as (
    select
        widths.*,
        {{ unrooted('expected_root') }} as expected_value,
        case
            -- of a few records chance brings none more often than a root says; with three eighths of one more a root is nearer to what
            -- a Poisson law says (Anscombe 1948), and from some ten on it is the same
            when unit = 'count' and is_additive and expected_root > 0
                then cast(greatest(power(greatest(
                    sqrt(power(expected_root, 2) * effective_day_count + 0.375) - half_width * sqrt(effective_day_count), 0
                ), 2) - 0.375, 0) as decimal(28, 8))
            when unit = 'money' then {{ unrooted('expected_root - half_width') }}
            else greatest({{ unrooted('expected_root - half_width') }}, 0)
        end as lower_value,
        case
            when is_share then least({{ unrooted('expected_root + half_width') }}, 1)
            else {{ unrooted('expected_root + half_width') }}
        end as upper_value
    from widths
),

seasons as (
    select
        rules.rule_id,
        {% for column in periods %}
        periods.{{ column }},
        {% endfor %}
        case when rules.allows_late then periods.completeness_rate else 1 end as completeness_rate,
        {{ judged_value }} as judged_value,
        cast(null as date) as compared_start_date,
        cast(null as date) as compared_end_date,
        cast(null as bigint) as compared_workday_count,
        edges.expected_value as compared_value,
        cast(null as decimal(18, 8)) as comparison_rate,
        edges.lower_value,
        edges.upper_value,
        coalesce(periods.denominator, edges.expected_value) as volume,
        case rules.direction
            when 'fall' then {{ judged_value }} < edges.lower_value
            else {{ judged_value }} > edges.upper_value
        end as is_beyond
    from edges
    inner join rules on edges.rule_id = rules.rule_id
    inner join figures as periods
        on
            edges.metric_id = periods.metric_id
            and edges.period_grain = periods.period_grain
            and edges.dimension_name = periods.dimension_name
            and edges.dimension_value = periods.dimension_value
            and edges.period_start_date = periods.period_start_date
),

-- How much of a goal should have been reached on a day, by what int_targets_paced counts: it says the same of the business date.
passed as (
    select
        goals.target_id,
        days.date_day,
        sum(case when days.is_workday then 1 else 0 end) over (partition by goals.target_id order by days.date_day)
            as passed_workday_count,
        {{ dbt.datediff('goals.starts_on', 'days.date_day', 'day') }} + 1 as passed_day_count
    from {{ ref('int_targets_judged') }} as goals
    inner join {{ ref('dim_dates') }} as days on days.date_day between goals.starts_on and goals.due_on
    where days.date_day <= {{ business_date() }} and goals.is_whole
),

-- What is due goes by workdays, and on days off something is sold, too: a sum would be behind on the Friday of its first week.
-- It is judged once a whole week, or half of its time, is over.
expectations as (
    select
        goals.target_id,
        goals.metric_id as target_metric_id,
        passed.date_day,
        cast(case when spans.is_by_workdays then passed.passed_workday_count else passed.passed_day_count end as double)
        / spans.pace_count as passed_share,
        goals.aggregation,
        goals.direction,
        cast(goals.baseline_value as double) as baseline_value,
        cast(goals.goal_value as double) as goal_value,
        {{ outside('goals.baseline_value', 'goals.goal_value', 'goals.upper_value') }} as baseline_outside_value
    from passed
    inner join {{ ref('int_targets_judged') }} as goals on passed.target_id = goals.target_id
    inner join {{ ref('int_targets_paced') }} as spans on passed.target_id = spans.target_id
    where
        goals.aggregation <> 'sum' or goals.direction <> 'up'
        or passed.passed_day_count >= 7
        or passed.passed_day_count * 2 >= {{ dbt.datediff('goals.starts_on', 'goals.due_on', 'day') }} + 1
),

paces as (
    select
        rules.rule_id,
        {% for column in periods %}
        periods.{{ column }},
        {% endfor %}
        case when rules.allows_late then periods.completeness_rate else 1 end as completeness_rate,
        {{ judged_value }} as judged_value,
        cast(null as date) as compared_start_date,
        cast(null as date) as compared_end_date,
        cast(null as bigint) as compared_workday_count,
        -- where a baseline is a bar code and a goal next to nothing, that is more than any figure: nothing was due
        try_cast(case
            when goals.aggregation = 'sum' and goals.direction = 'up' then goals.passed_share
            when goals.aggregation = 'sum' then 1
            when goals.direction = 'down' and goals.baseline_value <> goals.goal_value then goals.passed_share
            when goals.direction = 'down' then 1
            when goals.direction = 'band' and goals.baseline_outside_value > 0 then goals.passed_share
            when goals.direction = 'band' then 1
            when goals.baseline_value is null then 1
            else
                (goals.baseline_value + (goals.goal_value - goals.baseline_value) * goals.passed_share)
                / nullif(goals.goal_value, 0)
        end as decimal(25, 8)) as compared_value,
        cast(null as decimal(18, 8)) as comparison_rate,
        {{ nothing }} as lower_value,
        {{ nothing }} as upper_value,
        {{ nothing }} as volume,
        false as is_beyond
    from rules
    inner join figures as periods
        on
            rules.metric_id = periods.metric_id
            and rules.period_grain = periods.period_grain
            and rules.dimension_name = periods.dimension_name
    inner join expectations as goals
        on
            periods.dimension_value = goals.target_id
            and periods.period_start_date = goals.date_day
            and (rules.target_metric_id is null or rules.target_metric_id = goals.target_metric_id)
    where rules.kind = 'pace_behind_target'
),

united as (
    select * from limits
    union all
    select * from changes
    union all
    select * from seasons
    union all
    select * from paces
),

limited as (
    select distinct rule_id from {{ ref('stg_settings__alert_members') }}
),

muted_days as (
    select distinct
        mutes.rule_id,
        dates.date_day
    from {{ ref('stg_settings__alert_mutes') }} as mutes
    inner join {{ ref('dim_dates') }} as dates on dates.date_day between mutes.starts_on and mutes.ends_on
),

judged as (
    select
        united.*,
        {{ ratio('united.value - united.compared_value', 'abs(united.compared_value)') }} as change_rate,
        case when rules.unit = 'rate' then cast(100 * (united.value - united.compared_value) as decimal(28, 8)) end as change_pp,
        united.volume is null or rules.minimum_volume is null or united.volume >= rules.minimum_volume as is_voluminous,
        -- beside nothing no change can be judged
        rules.kind = 'percent_change' and rules.threshold_rate is not null and united.compared_value = 0 as is_beside_nothing,
        muted_days.rule_id is not null as is_muted,
        rules.kind,
        rules.threshold_rate,
        rules.cooldown_days
    from united
    inner join rules on united.rule_id = rules.rule_id
    left join limited on united.rule_id = limited.rule_id
    left join {{ ref('stg_settings__alert_members') }} as members
        on united.rule_id = members.rule_id and united.dimension_value = members.dimension_value
    left join muted_days on united.rule_id = muted_days.rule_id and united.period_end_date = muted_days.date_day
    where
        (limited.rule_id is null or members.rule_id is not null)
        and united.is_matured
        and united.period_end_date + rules.wait_days <= {{ business_date() }}
),

breaches as (
    select
        judged.*,
        is_voluminous and not is_beside_nothing as is_large,
        is_voluminous and not is_beside_nothing and case
            when kind = 'pace_behind_target' then coalesce(change_rate <= -threshold_rate, false)
            else coalesce(is_beyond, false)
        end as is_breach
    from judged
),

alerting as (
    select
        breaches.*,
        is_breach and not is_muted as is_alerting,
        lag(period_start_date) over (
            partition by rule_id, dimension_value, is_breach and not is_muted order by period_start_date
        ) as breached_before_date,
        -- a muted period, or one that is too small, neither ends a breach nor begins one
        lag(is_breach and not is_muted) over (
            partition by rule_id, dimension_value, is_large and not is_muted order by period_start_date
        ) as was_alerting
    from breaches
),

opening as (
    select
        alerting.*,
        is_alerting and coalesce(
            {{ dbt.datediff('breached_before_date', 'period_start_date', 'day') }} > cooldown_days, true
        ) as is_opening
    from alerting
),

-- An alert keeps the day on which it opened while it is breached again within the cooldown, for years if need be.
kept as (
    select
        opening.*,
        is_opening and not coalesce(was_alerting, false) as is_beginning,
        max(case when is_opening then period_start_date end) over (
            partition by rule_id, dimension_value, is_alerting order by period_start_date
            rows between unbounded preceding and current row
        ) as opened_start_date
    from opening
)

select
    rule_id,
    metric_id,
    period_grain,
    dimension_name,
    dimension_value,
    period_start_date,
    period_end_date,
    workday_count,
    numerator,
    denominator,
    value,
    cast(completeness_rate as decimal(18, 8)) as completeness_rate,
    judged_value,
    compared_start_date,
    compared_end_date,
    compared_workday_count,
    compared_value,
    comparison_rate,
    lower_value,
    upper_value,
    change_rate,
    change_pp,
    is_matured,
    is_large,
    is_beside_nothing,
    is_muted,
    is_breach,
    is_alerting,
    is_opening,
    is_beginning,
    opened_start_date
from kept
-- two years are what a rule is tried on
where period_end_date > {{ business_date() }} - 731
