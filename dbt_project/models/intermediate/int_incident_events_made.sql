{%- set alert_columns = [
    'subject_key', 'alert_key', 'alert_kind', 'rule_id', 'severity', 'size_rate', 'owner', 'playbook_id', 'cause_key',
    'metric_id', 'dimension_name', 'dimension_value', 'period_start_date', 'period_end_date', 'title_en', 'title_zh', 'reason_en', 'reason_zh', 'is_personal',
    'rule_terms', 'goal_terms', 'is_late', 'changed_by'
] -%}
{%- set last_judged = "greatest(known.period_end_date, coalesce(members.judged_end_date, known.period_end_date))" -%}
-- What tonight adds: what is known of every subject against the alerts of tonight.
with
alerts as (
    select * from {{ ref('int_alerts_united') }}
),

tonight as (
    select max(rules) as rules from {{ ref('stg_ledger__rules') }}
),

-- What is known says of what has changed only what its own event said.
known as (
    select
        subjects.*,
        cast(null as {{ dbt.type_string() }}) as changed_by
    from {{ ref('int_incident_subjects_known') }} as subjects
),

-- A subject may have been in several incidents: an open one counts before the last one.
lasts as (
    select
        subject_key,
        coalesce(max(case when is_open then last_order end), max(last_order)) as last_order
    from known
    group by subject_key
),

matched as (
    select
        alerts.*,
        known.incident_key,
        known.is_open,
        known.is_decided,
        known.is_silent,
        known.is_standing,
        known.severity_rank as known_severity_rank,
        known.size_rate as known_size_rate,
        known.period_start_date as known_period_start_date,
        known.alert_key as known_alert_key,
        known.last_event_date as known_event_date,
        known.rule_terms as known_rule_terms,
        {{ changed_by('alerts.goal_terms', 'known.goal_terms', 'tonight.rules', 'known.rules') }} as known_changed_by,
        coalesce(alerts.goal_terms <> known.goal_terms, false) as is_goal_other,
        {{ asks_elsewhere('alerts.rule_terms', 'known.rule_terms') }} as is_elsewhere
    from alerts
    cross join tonight
    left join lasts on alerts.subject_key = lasts.subject_key
    left join known on lasts.subject_key = known.subject_key and lasts.last_order = known.last_order
),

going_on as (
    select
        *,
        case
            when severity_rank < known_severity_rank and period_start_date >= known_period_start_date then 'upgraded'
            when not is_standing then 'seen_again'
            when period_start_date < known_period_start_date then null
            when period_start_date > known_period_start_date then 'seen_again'
            when size_rate >= {{ materially_worse() }} * known_size_rate then 'upgraded'
            when severity_rank > known_severity_rank or known_size_rate >= {{ materially_worse() }} * size_rate then 'eased'
            when rule_terms <> known_rule_terms or is_goal_other then 'seen_again'
        end as event_type
    from matched
    where is_open and not is_elsewhere
),

-- What closed by itself goes on where it was closed too soon, being back in the same period, and within the cooldown of its
-- rule, which gives the alert its key again and is no news; nor is it while its snooze runs. What a person closed stays closed as long.
-- A date that is refreshed again knows less than the later one that closed it.
back as (
    select
        *,
        not is_silent and (period_start_date = known_period_start_date or severity_rank < known_severity_rank) as is_news
    from matched
    where
        not is_open
        and not is_decided
        and not is_elsewhere
        and {{ business_date() }} >= known_event_date
        and (
            period_start_date = known_period_start_date
            or (period_start_date > known_period_start_date and alert_key = known_alert_key)
        )
),

fresh as (
    select
        *,
        coalesce(
            cause_key || '|' || cast(period_start_date as {{ dbt.type_string() }}) || '|'
            || cast(period_end_date as {{ dbt.type_string() }}),
            alert_key
        ) as group_key
    from matched
    where
        incident_key is null
        or is_elsewhere
        or (not is_open and period_start_date > known_period_start_date and alert_key <> known_alert_key)
),

-- An incident that is open already, for the same cause in the same period.
shared as (
    select
        cause_key,
        period_start_date,
        period_end_date,
        min(incident_key) as incident_key
    from going_on
    where cause_key is not null
    group by cause_key, period_start_date, period_end_date
),

grouped as (
    select
        fresh.*,
        shared.incident_key as shared_incident_key,
        row_number() over (partition by fresh.group_key order by fresh.severity_rank, fresh.alert_key) as place
    from fresh
    left join shared
        on
            fresh.cause_key = shared.cause_key
            and fresh.period_start_date = shared.period_start_date
            and fresh.period_end_date = shared.period_end_date
),

firsts as (
    select
        group_key,
        alert_key || case
            when alert_key in (select known.incident_key from known) then '|' || cast({{ as_of() }} as {{ dbt.type_string() }})
            else ''
        end as incident_key
    from grouped
    where place = 1
),

-- How severe an incident was that others join, by what still stands of it.
joined as (
    select
        incident_key,
        coalesce(min(case when is_standing then severity_rank end), min(severity_rank)) as severity_rank
    from known
    where is_open
    group by incident_key
),

judged as (
    select * from {{ ref('int_alerts_judged') }}
),

ruled as (
    select
        rule_id,
        max(rule_terms) as rule_terms,
        max(judged_end_date) as judged_end_date
    from judged
    group by rule_id
),

-- What is known of a subject whose rule looks at another metric, dimension or period by now: periods of two kinds are not compared.
elsewhere as (
    select
        incident_key,
        subject_key
    from matched
    where is_open and is_elsewhere
),

-- Up to when a member itself was judged: an incident may be open for long without an event.
members as (
    select
        rule_id,
        dimension_value,
        max(period_end_date) as judged_end_date
    from {{ ref('int_alert_periods_watched') }}
    where is_large and not is_muted
    group by rule_id, dimension_value
),

-- How an open breach stands that no alert of tonight is about. A goal that is over, or a member that the rule does not look at any
-- more, is never judged again: it lapses when the rule has gone on without it for two periods. Of days these are two weeks, for a member
-- may have none of weekends and holidays; a goal has every day.
missing as (
    select
        known.*,
        coalesce(own.judged_end_date, whole.judged_end_date) as judged_end_date,
        ruled.judged_end_date as rule_judged_end_date,
        own.subject_key is null and whole.judged_end_date is null as is_unjudged,
        ruled.rule_id is null or coalesce(ruled.rule_terms <> known.rule_terms, false) as is_rule_other,
        elsewhere.subject_key is not null as is_elsewhere,
        ruled.rule_id is null as is_rule_off,
        coalesce(own.goal_terms <> known.goal_terms, false) as is_goal_other,
        {{ changed_by('own.goal_terms', 'known.goal_terms', 'tonight.rules', 'known.rules') }} as known_changed_by,
        own.subject_key is null
        and whole.judged_end_date is null
        and case
            when known.period_start_date = known.period_end_date and known.dimension_name <> 'target'
                then {{ dbt.datediff(last_judged, 'ruled.judged_end_date', 'day') }} >= 14
            else
                2 * {{ dbt.datediff(last_judged, 'ruled.judged_end_date', 'day') }}
                >= 3 * ({{ dbt.datediff('known.period_start_date', 'known.period_end_date', 'day') }} + 1)
        end as is_lapsed
    from known
    cross join tonight
    left join judged as own on known.subject_key = own.subject_key
    left join judged as whole on known.rule_id = whole.rule_id and whole.subject_key is null
    left join ruled on known.rule_id = ruled.rule_id
    left join members
        on known.rule_id = members.rule_id and {{ member_of_subject('known') }} = members.dimension_value
    left join elsewhere on known.subject_key = elsewhere.subject_key and known.incident_key = elsewhere.incident_key
    where
        known.is_open
        and known.is_standing
        and (elsewhere.subject_key is not null or known.subject_key not in (select alerts.subject_key from alerts))
),

-- Whether the periods in which it was breached still are by what is known today, where its rule says that of each.
looked_back as (
    select
        missing.incident_key,
        missing.subject_key,
        bool_or(periods.is_breach) as is_breached
    from missing
    inner join {{ ref('int_alert_periods_judged') }} as periods
        on
            missing.rule_id = periods.rule_id
            and missing.subject_key in (
                periods.rule_id || '|' || periods.dimension_value,
                {{ late_alert_key('periods.rule_id', 'periods.dimension_value', 'periods.period_start_date') }}
            )
            and periods.period_start_date between missing.first_period_start_date and missing.period_start_date
    group by missing.incident_key, missing.subject_key
    union all
    select
        missing.incident_key,
        missing.subject_key,
        bool_or(rates.is_spike) as is_breached
    from missing
    inner join {{ ref('kpi_return_rates') }} as rates
        on
            missing.subject_key = 'return_spike|' || rates.region_key
            and rates.period_start_date between missing.first_period_start_date and missing.period_start_date
    group by missing.incident_key, missing.subject_key
    union all
    -- of a deal whether it has stood still at all since it came to the stage
    select
        missing.incident_key,
        missing.subject_key,
        bool_or(coalesce(
            stages.stalled_date between missing.first_period_start_date and {{ business_date() }}, false
        )) as is_breached
    from missing
    inner join {{ ref('int_opportunity_stages_timed') }} as stages
        on
            case when missing.alert_kind = 'alert_stalled_deals' then {{ member_of_subject('missing') }} end
            = stages.opportunity_key
    group by missing.incident_key, missing.subject_key
),

-- What was found late and has a period that ended after it was found and is fine.
passed as (
    select distinct
        missing.incident_key,
        missing.subject_key
    from missing
    inner join {{ ref('int_alert_periods_watched') }} as periods
        on
            missing.rule_id = periods.rule_id
            and {{ member_of_subject('missing') }} = periods.dimension_value
            and missing.found_date < periods.period_end_date
    where missing.is_late and periods.is_large and not periods.is_muted and not periods.is_alerting
),

-- A breach that is not there any more, once its rule has judged the period again or a later one. Nobody is told of a rule that
-- was switched off, or asks another thing than when it was breached last. Against another goal nothing has recovered.
-- What fell has not recovered by falling no further: it is over once the figure is back, or has stayed where it is for so long
-- that this is its new level.
gone as (
    select
        missing.*,
        case
            when missing.is_rule_other or missing.is_elsewhere or missing.is_lapsed then 'dropped'
            when missing.is_goal_other then 'withdrawn'
            when not looked_back.is_breached then 'withdrawn'
            when levels.is_still_off and missing.judged_end_date > missing.period_end_date then 'stayed'
            when missing.judged_end_date > missing.period_end_date then 'cleared'
            when missing.period_start_date > missing.first_period_start_date then 'cleared'
            else 'withdrawn'
        end as gone_type
    from missing
    left join looked_back
        on missing.incident_key = looked_back.incident_key and missing.subject_key = looked_back.subject_key
    left join passed
        on missing.incident_key = passed.incident_key and missing.subject_key = passed.subject_key
    left join {{ ref('int_incident_levels_measured') }} as levels
        on missing.incident_key = levels.incident_key and missing.subject_key = levels.subject_key
    where
        missing.is_rule_off
        or missing.is_elsewhere
        or missing.is_lapsed
        or (missing.is_rule_other and missing.is_unjudged and missing.rule_judged_end_date >= missing.period_end_date)
        or (
            missing.judged_end_date >= missing.period_end_date
            and (
                missing.is_rule_other
                or missing.is_goal_other
                or not coalesce(looked_back.is_breached, true)
                or (
                    (not missing.is_late or passed.subject_key is not null)
                    and not coalesce(levels.is_still_off and not levels.is_new_level, false)
                )
            )
        )
),

-- What is left of incidents tonight.
left_over as (
    select
        incident_key,
        severity_rank,
        {{ alert_columns | join(', ') }}
    from going_on
    union all
    select
        shared_incident_key as incident_key,
        severity_rank,
        {{ alert_columns | join(', ') }}
    from grouped
    where shared_incident_key is not null
    union all
    select
        incident_key,
        severity_rank,
        {{ alert_columns | join(', ') }}
    from known
    where
        is_open
        and is_standing
        and subject_key not in (select alerts.subject_key from alerts)
        and incident_key || '~' || subject_key not in (select gone.incident_key || '~' || gone.subject_key from gone)
),

endings as (
    select
        gone.incident_key,
        min(gone.subject_key) as subject_key,
        bool_or(gone.gone_type = 'stayed') as is_settled,
        bool_or(gone.gone_type = 'cleared') as is_recovered,
        bool_or(gone.gone_type = 'dropped') as is_lapsed
    from gone
    where gone.incident_key not in (select left_over.incident_key from left_over)
    group by gone.incident_key
),

before as (
    select
        incident_key,
        bool_or(last_event_type = 'stayed') as is_settled,
        bool_or(last_event_type = 'cleared') as is_recovered,
        bool_or(last_event_type = 'dropped') as is_lapsed
    from known
    group by incident_key
),

endings_named as (
    select
        endings.incident_key,
        endings.subject_key,
        case
            when endings.is_settled then 'settled'
            when endings.is_recovered then 'resolved'
            when endings.is_lapsed then 'lapsed'
            when before.is_settled then 'settled'
            when before.is_recovered then 'resolved'
            when before.is_lapsed then 'lapsed'
            else 'retracted'
        end as event_type
    from endings
    inner join before on endings.incident_key = before.incident_key
),

-- A snooze that is over, told by the worst subject that is left; of an incident that a person reopened none need be.
awaking as (
    select
        1 as choice,
        left_over.*
    from left_over
    where
        left_over.incident_key in (
            select known.incident_key from known
            where known.is_awaking
        )
    union all
    select
        2 as choice,
        incident_key,
        severity_rank,
        {{ alert_columns | join(', ') }}
    from known
    where is_awaking and incident_key not in (select endings.incident_key from endings)
),

awake as (
    select
        *,
        row_number() over (partition by incident_key order by choice, severity_rank, subject_key) as place
    from awaking
),

made as (
    select
        incident_key,
        event_type,
        event_type = 'upgraded' and not is_silent as is_told,
        {{ with_change(alert_columns, "case when event_type in ('upgraded', 'eased') and period_start_date = known_period_start_date"
            ~ " and size_rate <> known_size_rate then known_changed_by when is_goal_other then 'goal' end") }}
    from going_on
    where event_type is not null
    union all
    select
        incident_key,
        'reopened' as event_type,
        is_news as is_told,
        {{ with_change(alert_columns, "case when period_start_date = known_period_start_date then known_changed_by end") }}
    from back
    union all
    select
        coalesce(grouped.shared_incident_key, firsts.incident_key) as incident_key,
        case when grouped.place = 1 and grouped.shared_incident_key is null then 'opened' else 'joined' end as event_type,
        case
            when grouped.shared_incident_key is null then grouped.place = 1
            else grouped.severity_rank < joined.severity_rank
        end as is_told,
        grouped.{{ alert_columns | join(', grouped.') }}
    from grouped
    inner join firsts on grouped.group_key = firsts.group_key
    left join joined on grouped.shared_incident_key = joined.incident_key
    union all
    select
        gone.incident_key,
        coalesce(endings_named.event_type, gone.gone_type) as event_type,
        endings_named.event_type is not null and not gone.is_silent and gone.is_status_told and not gone.is_rule_other as is_told,
        {{ with_change(alert_columns, "case when coalesce(endings_named.event_type, gone.gone_type) in ('withdrawn', 'retracted')"
            ~ " then gone.known_changed_by end", 'gone.') }}
    from gone
    left join endings_named on gone.incident_key = endings_named.incident_key and gone.subject_key = endings_named.subject_key
    union all
    select
        awake.incident_key,
        'woken' as event_type,
        true as is_told,
        awake.{{ alert_columns | join(', awake.') }}
    from awake
    where awake.place = 1
),

counted as (
    select
        incident_key,
        count(*) as said_count
    from {{ ref('int_incident_events_known') }}
    where not is_decision
    group by incident_key
)

-- An incident is opened once under its key; what follows names its moment too, and how many came before: data may
-- change more than once within one moment.
select
    made.incident_key || case
        when made.event_type = 'opened' then ''
        else
            '#' || made.event_type || '#' || made.subject_key || '#' || cast({{ as_of() }} as {{ dbt.type_string() }}) || '#'
            || cast(coalesce(counted.said_count, 0) as {{ dbt.type_string() }})
    end as event_key,
    made.incident_key,
    made.event_type,
    made.is_told,
    made.{{ alert_columns | join(', made.') }},
    tonight.rules,
    {{ business_date() }} as event_date,
    {{ as_of() }} as event_at
from made
cross join tonight
left join counted on made.incident_key = counted.incident_key
