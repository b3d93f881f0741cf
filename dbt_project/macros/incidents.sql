{# Incidents: how severities rank, and what an event makes of the incident. #}

{% macro severity_rank(severity) -%}
case {{ severity }} when 'critical' then 1 when 'warning' then 2 when 'info' then 3 else 4 end
{%- endmacro %}

{% macro alert_rule_terms(rules) -%}
{#- What decides whether a period breaches a rule, as one text: two nights with the same terms judge alike. -#}
{%- set terms = [
    'kind', 'metric_id', 'target_metric_id', 'period_grain', 'dimension_name', 'direction', 'compared_with', 'threshold_value',
    'threshold_rate', 'threshold_pp', 'false_rate', 'band_width', 'minimum_volume'
] -%}
{%- for term in terms -%}
coalesce(cast({{ rules }}.{{ term }} as {{ dbt.type_string() }}), ''){{ " || '|' || " if not loop.last }}
{%- endfor %} || case when {{ rules }}.allows_late then '|late' else '' end
{%- endmacro %}

{% macro asks_elsewhere(terms, other_terms) -%}
{#- Whether two texts of alert_rule_terms look at another kind, metric, kind of period or dimension. -#}
coalesce(
{%- for place in [1, 2, 4, 5] %}
    split_part({{ terms }}, '|', {{ place }}) <> split_part({{ other_terms }}, '|', {{ place }}){{ ' or' if not loop.last }}
{%- endfor %}, false
)
{%- endmacro %}

{% macro goal_terms(goals) -%}
{#- What a goal asks, as one text: what is late or early against other terms is no change of the figures. -#}
{%- set terms = [
    'metric_id', 'scope_dimension', 'scope_value', 'direction', 'baseline_value', 'goal_value', 'upper_value', 'starts_on', 'due_on'
] -%}
{%- for term in terms -%}
coalesce(cast({{ goals }}.{{ term }} as {{ dbt.type_string() }}), ''){{ " || '|' || " if not loop.last }}
{%- endfor -%}
{%- endmacro %}

{% macro late_alert_key(rule_id, member, period_start_date) -%}
{#- Alert and subject of a breach that was found late: it is about its period alone. -#}
{{ rule_id }} || '|' || {{ member }} || '|' || cast({{ period_start_date }} as {{ dbt.type_string() }}) || '|late'
{%- endmacro %}

{% macro member_of_subject(events) -%}
{#- Whom an alert is about, which its subject names behind the rule; what was found late names its period behind it. -#}
substring(
    {{ events }}.subject_key,
    length({{ events }}.rule_id) + 2,
    length({{ events }}.subject_key) - length({{ events }}.rule_id) - case when {{ events }}.is_late then 17 else 1 end
)
{%- endmacro %}

{% macro changed_by(goal_terms, known_goal_terms, rules, known_rules) -%}
{#- Why one period is judged otherwise than before. Late data is what is left where nothing else has changed. -#}
case
    when {{ goal_terms }} <> {{ known_goal_terms }} then 'goal'
    when {{ rules }} <> {{ known_rules }} then 'settings'
    else 'data'
end
{%- endmacro %}

{% macro with_change(columns, change, prefix='') -%}
{#- Columns of an alert, with another reason why its period is judged otherwise than before. -#}
{%- for column in columns -%}
{{ change ~ ' as changed_by' if column == 'changed_by' else prefix ~ column }}{{ ', ' if not loop.last }}
{%- endfor -%}
{%- endmacro %}

{% macro incident_status(event_type) -%}
{#- Null where an event leaves the status as it is; that a snooze is over follows from its date. -#}
case
    when {{ event_type }} in ('opened', 'reopened') then 'open'
    when {{ event_type }} in ('acknowledged', 'snoozed', 'resolved', 'settled', 'retracted', 'lapsed') then {{ event_type }}
end
{%- endmacro %}

{% macro is_closed(status) -%}
{{ status }} in ('resolved', 'settled', 'retracted', 'lapsed')
{%- endmacro %}

{% macro breaks_snooze(events) -%}
{#- A graver alert that joins an incident is news to whoever snoozed it. -#}
{{ events }}event_type = 'joined' and {{ events }}is_told
{%- endmacro %}

{% macro is_in_snooze(status, status_date, decided, snoozed) -%}
{#- Whether a snooze was the last decision, and what the machine closed since is back before its date: that ends no snooze. -#}
coalesce(
    {{ decided }} = {{ snoozed }}
    and ({{ status }} = 'snoozed' or ({{ status }} = 'open' and {{ status_date }} < snoozed_until_date)), false
)
{%- endmacro %}

{% macro is_over(event_type) -%}
{#- Whether the alert of an incident's subject was gone after the event. -#}
{{ event_type }} in ('cleared', 'stayed', 'withdrawn', 'dropped', 'resolved', 'settled', 'retracted', 'lapsed')
{%- endmacro %}

{% macro materially_worse() -%}
{#- A figure of the same period that is restated by late data is told again from half as much more on. -#}
1.5
{%- endmacro %}

{% macro lead_place(partition_by, events) -%}
{#- Of the last events of an incident's subjects, the one that speaks for it is first: what still stands, the worst, the newest. -#}
row_number() over (
    partition by {{ partition_by }}
    order by
        case when {{ is_over(events ~ '.event_type') }} then 1 else 0 end,
        {{ severity_rank(events ~ '.severity') }},
        {{ events }}.event_number desc
)
{%- endmacro %}

{% macro return_spikes_from() -%}
{#- A month is looked at until two are over after it, for what was sold at its end is still coming back then. -#}
cast(date_trunc('month', {{ business_date() }}) - interval 2 month as date)
{%- endmacro %}
