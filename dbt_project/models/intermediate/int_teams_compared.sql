-- How soon a team answers beside all others. Times to an answer are spread over minutes and days, so they are compared as
-- logarithms, of what was answered (Welch's z). Who leaves the hard leads unanswered answers the rest sooner: a team is only
-- sooner or slower where the median over all leads says nothing else, and where the share that it answers does not make up for
-- it. A touch in the same minute is a minute. A lead that came and was answered while nobody had to be there says nothing of how long
-- a team takes.
with
answers as (
    select
        team,
        is_answered,
        case when is_answered and waited_hours > 0 then ln(greatest(cast(waited_hours as double), 1.0 / 60)) end as log_hours
    from {{ ref('int_leads_answered') }}
),

counted as (
    select
        team,
        count(*) as lead_count,
        count(case when is_answered then 1 end) as answered_count,
        count(log_hours) as timed_count,
        coalesce(sum(log_hours), 0) as log_sum,
        coalesce(sum(log_hours * log_hours), 0) as log_squares
    from answers
    group by team
),

-- Less than half answered is a median of 14 days or more.
teams as (
    select
        counted.*,
        medians.p50 as median_hours,
        coalesce(medians.p50, 14 * 24) as all_median_hours
    from counted
    inner join {{ ref('int_team_response_medians') }} as medians on counted.team = medians.team
),

beside as (
    select
        teams.*,
        sum(lead_count) over () - lead_count as other_lead_count,
        sum(answered_count) over () - answered_count as other_answered_count,
        sum(timed_count) over () - timed_count as other_timed_count,
        sum(log_sum) over () - log_sum as other_log_sum,
        sum(log_squares) over () - log_squares as other_log_squares
    from teams
),

-- One team far off draws the mean of all others along: who is not off the middle one of them is not off.
middles as (
    select
        own.team,
        median(other.log_sum / nullif(other.timed_count, 0)) as middle_log,
        median(other.all_median_hours) as middle_median_hours
    from teams as own
    inner join teams as other on own.team <> other.team
    group by own.team
),

rules as (
    select * from {{ ref('stg_settings__comparison_rules') }}
),

compared as (
    select
        beside.*,
        rules.significance,
        rules.least_change_rate,
        middles.middle_log,
        middles.middle_median_hours,
        {{ two_shares_p('answered_count', 'lead_count', 'other_answered_count', 'other_lead_count') }} as answered_p_value,
        cast(answered_count as double) / nullif(lead_count, 0) as answered_rate,
        cast(other_answered_count as double) / nullif(other_lead_count, 0) as other_answered_rate,
        log_sum / nullif(timed_count, 0) as log_mean,
        other_log_sum / nullif(other_timed_count, 0) as other_log_mean,
        case
            when beside.timed_count >= rules.least_count and beside.other_timed_count >= rules.least_count
                then
                    (log_squares - log_sum * log_sum / timed_count) / (timed_count - 1) / timed_count
                    + (other_log_squares - other_log_sum * other_log_sum / other_timed_count)
                    / (other_timed_count - 1) / other_timed_count
        end as difference_variance
    from beside
    left join middles on beside.team = middles.team
    cross join rules
),

tested as (
    select
        compared.*,
        'team' as family,
        case
            when difference_variance > 0 then {{ two_sided_p('((log_mean - other_log_mean) / sqrt(difference_variance))') }}
        end as p_value
    from compared
),

guarded as (
    {{ false_discovery_rates('tested', 'p_value', ['family']) }}
)

select
    guarded.*,
    all_median_hours <= middle_median_hours
    and not (answered_rate <= other_answered_rate * (1 - least_change_rate) and answered_p_value <= significance) as may_be_sooner,
    all_median_hours >= middle_median_hours
    and not (answered_rate >= other_answered_rate * (1 + least_change_rate) and answered_p_value <= significance) as may_be_slower
from guarded
