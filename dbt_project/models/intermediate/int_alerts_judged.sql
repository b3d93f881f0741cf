-- Up to when subjects have been judged; a subject without a row of its own is judged with its rule, where that says a date.
with
rules as (
    select * from {{ ref('stg_settings__alert_rules') }}
    where rule_state = 'on'
),

muted as (
    select distinct rule_id from {{ ref('stg_settings__alert_mutes') }}
    where {{ business_date() }} between starts_on and ends_on
),

broken as (
    select
        rule_id,
        rule_id is null or part = 'id' as is_nameless
    from {{ ref('stg_settings__left_out_rules') }}
    where rule_state = 'on'
),

-- One whose id cannot be read may be any of those that are not in the file.
left_out as (
    select rule_id from broken
    union
    select rule_id from {{ ref('stg_history__incident_events') }}
    where
        alert_kind in ('alert_metrics', 'alert_stalled_deals')
        and exists (
            select 1 from broken
            where broken.is_nameless
        )
)

-- In a muted period, and where a period has too little to go by, nobody can say that a breach is over.
select
    rule_id,
    rule_id || '|' || dimension_value as subject_key,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    nullif(goal_terms, '') as goal_terms,
    case when is_large and not is_muted then period_end_date end as judged_end_date
from {{ ref('int_alert_periods_newest') }}
union all
-- What was found late is judged with its rule and member.
select distinct
    newest.rule_id,
    told.subject_key,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    nullif(newest.goal_terms, '') as goal_terms,
    case when newest.is_large and not newest.is_muted then newest.period_end_date end as judged_end_date
from {{ ref('stg_history__incident_events') }} as told
inner join {{ ref('int_alert_periods_newest') }} as newest
    on
        told.rule_id = newest.rule_id
        and told.subject_key = {{ late_alert_key('newest.rule_id', 'newest.dimension_value', 'told.period_start_date') }}
where told.is_late
union all
select
    rules.rule_id,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    {{ alert_rule_terms('rules') }} as rule_terms,
    cast(null as {{ dbt.type_string() }}) as goal_terms,
    case when rules.kind = 'stalled_deals' and muted.rule_id is null then {{ business_date() }} end as judged_end_date
from rules
left join muted on rules.rule_id = muted.rule_id
union all
-- A rule with a mistake has judged nothing, so what is open of it stays open until it is mended.
select
    left_out.rule_id,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    cast(null as {{ dbt.type_string() }}) as goal_terms,
    cast(null as date) as judged_end_date
from left_out
left join {{ ref('stg_settings__alert_rules') }} as written on left_out.rule_id = written.rule_id
where left_out.rule_id is not null and written.rule_id is null
union all
-- On a day off, and before the hour, no deadline of the night has been judged.
select
    'deadline' as rule_id,
    'deadline|' || source as subject_key,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    cast(null as {{ dbt.type_string() }}) as goal_terms,
    case when deadline_status in ('met', 'missed') then date_day end as judged_end_date
from {{ ref('trust_deadlines') }}
where date_day = {{ business_date() }}
union all
select distinct
    'deadline' as rule_id,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    cast(null as {{ dbt.type_string() }}) as goal_terms,
    cast(null as date) as judged_end_date
from {{ ref('stg_settings__sources') }}
where deadline_minutes is not null or is_due_at_closing
{%- for rule in ['slow_team', 'repurchase_fall', 'return_spike'] %}
-- Where sources no longer map what an analysis needs, nobody has judged that its findings are over.
union all
select
    '{{ rule }}' as rule_id,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    cast(null as {{ dbt.type_string() }}) as goal_terms,
    cast(null as date) as judged_end_date
from {{ ref('stg_settings__funnel') }}
{%- endfor %}
union all
select
    'slow_team' as rule_id,
    'slow_team|' || team as subject_key,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    cast(null as {{ dbt.type_string() }}) as goal_terms,
    case when response_status <> 'too_few' then period_end_date end as judged_end_date
from {{ ref('kpi_team_responses') }}
union all
select
    'repurchase_fall' as rule_id,
    'repurchase_fall|' || category || ', ' || price_band as subject_key,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    cast(null as {{ dbt.type_string() }}) as goal_terms,
    case when change_status not in ('too_few', 'no_year_before') then period_end_date end as judged_end_date
from {{ ref('kpi_repurchase') }}
where month_start_date = cast(date_trunc('month', {{ business_date() }}) as date)
union all
select
    'return_spike' as rule_id,
    'return_spike|' || region_key as subject_key,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    cast(null as {{ dbt.type_string() }}) as goal_terms,
    case when max(q_value) is not null then {{ business_date() }} end as judged_end_date
from {{ ref('kpi_return_rates') }}
where period_start_date >= {{ return_spikes_from() }}
group by region_key
