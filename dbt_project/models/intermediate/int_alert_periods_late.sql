{%- set period = ['rule_id', 'dimension_value', 'period_start_date'] -%}
-- Breaches of periods that were quiet when they were the newest, and are none any more by what is known tonight: found late. What was never
-- judged by these terms is no late finding, so neither a new rule nor a changed one looks back; docs/incidents.md says what else is none.
with
watched as (
    select * from {{ ref('int_alert_periods_watched') }}
),

lasts as (
    select
        {{ period | join(', ') }},
        max(version) as version
    from {{ ref('stg_history__alert_judgements') }}
    group by {{ period | join(', ') }}
),

-- What was said of a period last, while it was the newest.
said as (
    select judgements.*
    from {{ ref('stg_history__alert_judgements') }} as judgements
    inner join lasts
        on {{ same_key('judgements', 'lasts', period) }} and judgements.version = lasts.version
),

-- A run is a breach that goes on; within the cooldown it goes on, too.
alerting as (
    select
        watched.*,
        {{ late_alert_key('rule_id', 'dimension_value', 'period_start_date') }} as late_key,
        sum(case when is_beginning then 1 else 0 end) over (
            partition by rule_id, dimension_value order by period_start_date rows between unbounded preceding and current row
        ) as run_number
    from watched
    where is_alerting
),

restated as (
    select
        alerting.*,
        said.value as said_value,
        said.compared_value as said_compared_value,
        said.business_date as said_date,
        coalesce(earlier.completeness_rate < alerting.completeness_rate, false) as was_allowed_more,
        case when said.rules <> tonight.rules then 'settings' else 'data' end as changed_by
    from alerting
    inner join said
        on {{ same_key('alerting', 'said', period) }}
    -- what was still to come then may not have come since
    left join {{ ref('int_alert_completeness_measured') }} as earlier
        on
            case when alerting.allows_late then alerting.metric_id end = earlier.metric_id
            and alerting.period_grain = earlier.period_grain
            and alerting.dimension_name = earlier.dimension_name
            and {{ dbt.datediff('alerting.period_end_date', 'said.business_date', 'day') }} = earlier.age_days
    left join {{ ref('stg_ledger__rules') }} as tonight on true
    where
        alerting.period_start_date < alerting.newest_start_date
        and said.verdict = 'quiet'
        and said.rule_terms = alerting.rule_terms
        and said.goal_terms = alerting.goal_terms
        and (
            said.value <> alerting.value
            or (alerting.kind = 'percent_change' and said.compared_value <> alerting.compared_value)
            or earlier.completeness_rate < alerting.completeness_rate
        )
),

events as (
    select
        incident_key,
        subject_key,
        period_start_date,
        event_type,
        event_date,
        coalesce(is_late, false) as is_late,
        version || '|' || event_key as event_order
    from {{ ref('stg_history__incident_events') }}
    where alert_kind = 'alert_metrics'
),

subjects as (
    select
        incident_key,
        subject_key,
        max(event_date) filter (where event_type in ('opened', 'joined', 'reopened')) as found_date,
        max_by(event_type, event_order) filter (where event_type <> 'woken') as last_event_type
    from events
    group by incident_key, subject_key
),

-- Periods of which people were told, unless that was taken back.
told as (
    select
        events.subject_key,
        events.period_start_date,
        bool_or(events.is_late) as is_late,
        bool_and({{ is_over('subjects.last_event_type') }}) as is_over
    from events
    inner join subjects on events.incident_key = subjects.incident_key and events.subject_key = subjects.subject_key
    where subjects.last_event_type not in ('withdrawn', 'retracted')
    group by events.subject_key, events.period_start_date
),

told_runs as (
    select
        alerting.rule_id,
        alerting.dimension_value,
        alerting.run_number,
        alerting.opened_start_date,
        told.is_late or not told.is_over as is_whole_run
    from alerting
    inner join told
        on
            alerting.period_start_date = told.period_start_date
            and told.subject_key in (alerting.rule_id || '|' || alerting.dimension_value, alerting.late_key)
    union all
    select
        rule_id,
        dimension_value,
        run_number,
        opened_start_date,
        true as is_whole_run
    from alerting
    where is_newest
),

-- One that was told already goes on until a period that ended after it was found has been judged and is fine.
found as (
    select
        late_subjects.subject_key,
        max(late_subjects.found_date) as found_date,
        bool_and({{ is_over('late_subjects.last_event_type') }}) as is_over,
        bool_or(late_subjects.last_event_type in ('withdrawn', 'retracted')) as is_withdrawn
    from subjects as late_subjects
    where
        late_subjects.subject_key in (
            select events.subject_key from events
            where events.is_late
        )
    group by late_subjects.subject_key
),

passed as (
    select distinct restated.late_key
    from restated
    inner join found on restated.late_key = found.subject_key
    inner join watched
        on
            restated.rule_id = watched.rule_id
            and restated.dimension_value = watched.dimension_value
            and found.found_date < watched.period_end_date
    where watched.is_large and not watched.is_muted and not watched.is_alerting
),

told_alerts as (
    select distinct
        rule_id,
        dimension_value,
        opened_start_date
    from told_runs
),

whole_runs as (
    select distinct
        rule_id,
        dimension_value,
        run_number
    from told_runs
    where is_whole_run
),

standing as (
    select
        restated.*,
        found.subject_key is not null as is_found
    from restated
    left join found on restated.late_key = found.subject_key
    left join passed on restated.late_key = passed.late_key
    left join told_alerts
        on
            restated.rule_id = told_alerts.rule_id
            and restated.dimension_value = told_alerts.dimension_value
            and restated.opened_start_date = told_alerts.opened_start_date
    left join whole_runs
        on
            restated.rule_id = whole_runs.rule_id
            and restated.dimension_value = whole_runs.dimension_value
            and restated.run_number = whole_runs.run_number
    where
        case
            when found.subject_key is not null
                then found.is_withdrawn or (not found.is_over and passed.late_key is null)
            else told_alerts.rule_id is null and whole_runs.rule_id is null
        end
),

-- Of a run that nobody was told of the last period.
placed as (
    select
        standing.*,
        row_number() over (
            partition by rule_id, dimension_value, run_number order by is_found desc, period_start_date desc
        ) as place
    from standing
)

select
    {{ period | join(', ') }},
    late_key,
    said_value,
    said_compared_value,
    said_date,
    was_allowed_more,
    changed_by
from placed
where is_found or place = 1
