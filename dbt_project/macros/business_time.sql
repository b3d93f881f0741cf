{# Business time: the hours that a schedule of calendar.yml is open between two moments, from dim_calendar_hours. #}

{% macro business_day_join(alias, moment, schedule_id, day=none) -%}
{#-
    A left join, as `alias`, to the day of a moment (UTC) in the calendar of a schedule. `day` is the business date of
    the moment where there is a column of it already, which saves computing it.
-#}
left join {{ ref('dim_calendar_hours') }} as {{ alias }}
    on
        {{ alias }}.schedule_id = {{ schedule_id }}
        and {{ alias }}.date_day = {{ day or business_date_of(moment) }}
{%- endmacro %}

{% macro business_seconds_between(earlier, earlier_day, later, later_day) -%}
{#-
    Open seconds from one moment to another, with fractions, negative where the second comes first. `earlier_day` and
    `later_day` are the aliases of two business_day_joins of one schedule. Null where a moment is null or lies outside
    of the calendar, which has whole years from the first event to the year after the business date.
-#}
cast(
    cast(
        {{ open_microseconds_until(later, later_day) }} - {{ open_microseconds_until(earlier, earlier_day) }}
        as decimal(28, 6)
    ) / 1000000 as decimal(28, 6)
)
{%- endmacro %}

{% macro open_microseconds_until(moment, day) -%}
{#- Open time of a schedule from the first day of the calendar to a moment. -#}
(
    {{ day }}.open_seconds_before * 1000000
    {%- for part in range(1, 5) %}
    + case
        when {{ moment }} > {{ day }}.opens_{{ part }}_at
            then {{ microseconds_between(day ~ '.opens_' ~ part ~ '_at', 'least(' ~ moment ~ ', ' ~ day ~ '.closes_' ~ part ~ '_at)') }}
        else 0
    end
    {%- endfor %}
)
{%- endmacro %}

{% macro business_days_between(earlier_day, later_day) -%}
{#- Open days after the day of one moment up to and with the day of another. -#}
({{ later_day }}.open_day_number - {{ earlier_day }}.open_day_number)
{%- endmacro %}

{% macro schedule_of(rep_schedules) -%}
{#- The schedule of the seller who answers for a row, from a left join to int_sales_reps_scheduled; else the company's. -#}
coalesce({{ rep_schedules }}.schedule_id, 'default')
{%- endmacro %}
