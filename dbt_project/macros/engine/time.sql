{# Time on DuckDB and on Spark. The clock is never read: business_date and as_of are variables of the run. #}

{% macro business_timestamp(moment) %}{{ return(adapter.dispatch('business_timestamp')(moment)) }}{% endmacro %}

{% macro duckdb__business_timestamp(moment) -%}
({{ moment }} at time zone 'UTC' at time zone {{ text_literal(var('time_zone')) }})
{%- endmacro %}

{% macro spark__business_timestamp(moment) -%}
convert_timezone('UTC', {{ text_literal(var('time_zone')) }}, {{ moment }})
{%- endmacro %}

{% macro business_date_of(moment) -%}
cast({{ business_timestamp(moment) }} as date)
{%- endmacro %}

{#- The moment at which a day begins: not every day has 24 hours. -#}
{% macro day_begins_at(day) %}{{ return(adapter.dispatch('day_begins_at')(day)) }}{% endmacro %}

{% macro duckdb__day_begins_at(day) -%}
(cast({{ day }} as timestamp) at time zone {{ text_literal(var('time_zone')) }} at time zone 'UTC')
{%- endmacro %}

{% macro spark__day_begins_at(day) -%}
convert_timezone({{ text_literal(var('time_zone')) }}, 'UTC', cast({{ day }} as timestamp))
{%- endmacro %}

{% macro microseconds_between(earlier, later) %}{{ return(adapter.dispatch('microseconds_between')(earlier, later)) }}{% endmacro %}

{% macro duckdb__microseconds_between(earlier, later) -%}
(epoch_us({{ later }}) - epoch_us({{ earlier }}))
{%- endmacro %}

{% macro spark__microseconds_between(earlier, later) -%}
(unix_micros({{ later }}) - unix_micros({{ earlier }}))
{%- endmacro %}

{% macro day_of_week(day) %}{{ return(adapter.dispatch('day_of_week')(day)) }}{% endmacro %}

{% macro duckdb__day_of_week(day) -%}
cast(extract(isodow from {{ day }}) as bigint)
{%- endmacro %}

{% macro spark__day_of_week(day) -%}
cast(weekday({{ day }}) + 1 as bigint)
{%- endmacro %}
