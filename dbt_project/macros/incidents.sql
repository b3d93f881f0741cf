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
{%- endfor -%}
{%- endmacro %}

{% macro incident_status(event_type) -%}
{#- Null where an event leaves the status as it is; that a snooze is over follows from its date. -#}
case
    when {{ event_type }} in ('opened', 'reopened') then 'open'
    when {{ event_type }} in ('acknowledged', 'snoozed', 'resolved', 'retracted', 'lapsed') then {{ event_type }}
end
{%- endmacro %}

{% macro is_closed(status) -%}
{{ status }} in ('resolved', 'retracted', 'lapsed')
{%- endmacro %}

{% macro breaks_snooze(events) -%}
{#- A graver alert that joins an incident is news to whoever snoozed it. -#}
{{ events }}event_type = 'joined' and {{ events }}is_told
{%- endmacro %}

{% macro is_over(event_type) -%}
{#- Whether the alert of an incident's subject was gone after the event. -#}
{{ event_type }} in ('cleared', 'withdrawn', 'dropped', 'resolved', 'retracted', 'lapsed')
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
