{# How alerts are said in words. #}

{% macro measure_text(value, unit, language) -%}
{#- A value of a metric with its unit. -#}
case {{ unit }}
    when 'money' then {{ amount_text(value) }}
    when 'rate' then {{ number_text('round(100 * ' ~ value ~ ', 1)') }} || '{{ ' %' if language == 'en' else '%' }}'
    when 'hour' then {{ number_text('round(' ~ value ~ ', 1)') }} || '{{ ' h' if language == 'en' else ' 小时' }}'
    when 'day' then {{ number_text('round(' ~ value ~ ', 1)') }} || '{{ ' days' if language == 'en' else ' 天' }}'
    else {{ number_text('round(' ~ value ~ ', 2)') }}
end
{%- endmacro %}

{% macro percent_text(rate, language) -%}
{{ number_text('round(100 * ' ~ rate ~ ', 1)') }} || '{{ ' %' if language == 'en' else '%' }}'
{%- endmacro %}

{% macro period_text(grain, start, language) -%}
{%- set day = 'cast(' ~ start ~ ' as ' ~ dbt.type_string() ~ ')' -%}
{%- if language == 'en' -%}
case {{ grain }} when 'day' then 'on ' else 'in the ' || {{ grain }} || ' from ' end || {{ day }}
{%- else -%}
{{ day }} || case {{ grain }} when 'week' then ' 起的一周' when 'month' then ' 起的当月' when 'quarter' then ' 起的当季' else '' end
{%- endif -%}
{%- endmacro %}

{% macro unrooted(root) -%}
{#- From a root by the effective day back to a value of the whole period; of what does not grow with the days the value itself. -#}
cast(case when is_additive then ({{ root }}) * abs({{ root }}) * effective_day_count else {{ root }} end as decimal(28, 8))
{%- endmacro %}

{% macro said_of_asked(asked) -%}
{#- What nights published of the figures of the rules for which `asked` holds, over the last year. -#}
asked as (
    select distinct
        metric_id,
        period_grain,
        dimension_name
    from {{ ref('stg_settings__alert_rules') }}
    where {{ asked }}
),

said as (
    select
        words.metric_id,
        words.period_grain,
        words.dimension_name,
        words.dimension_value,
        words.period_start_date,
        {{ period_end_of('words.period_grain', 'words.period_start_date') }} as period_end_date,
        words.value,
        words.version,
        words.business_date
    from {{ ref('stg_history__kpi_values') }} as words
    inner join asked
        on
            words.metric_id = asked.metric_id
            and words.period_grain = asked.period_grain
            and words.dimension_name = asked.dimension_name
    where not words.is_gone and words.period_start_date >= {{ business_date() }} - 400
)
{%- endmacro %}
