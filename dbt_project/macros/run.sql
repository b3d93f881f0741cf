{# What a run was told: its day, its moment, and what is new since the last one. #}

{% macro business_date() -%}
cast({{ text_literal(var('business_date')) }} as date)
{%- endmacro %}

{% macro as_of() -%}
cast({{ text_literal(var('as_of')) }} as timestamp)
{%- endmacro %}

{% macro is_one_of(column, values) -%}
{#- Constants, so that the engine prunes partitions; nothing is one of an empty list. -#}
{%- if values -%}
{{ column }} in ({% for value in values %}{{ text_literal(value) }}{{ ", " if not loop.last }}{% endfor %})
{%- else -%}
false
{%- endif -%}
{%- endmacro %}

{% macro is_pending(column='_changed_load_id') -%}
{#- Rows that a load of this run wrote or changed; a full refresh reads everything, so it asks for none. -#}
{{ is_one_of(column, [] if flags.FULL_REFRESH else var('pending_loads')) }}
{%- endmacro %}

{% macro is_rekeyed(column='changed_batch') -%}
{#- Identities that changed since the marts were last complete; a full refresh computes every row, so it asks for none. -#}
{%- if flags.FULL_REFRESH -%}false{%- else -%}{{ column }} = {{ var('identity_batch') | int }}{%- endif -%}
{%- endmacro %}

{% macro learnt_at(load_id='_changed_load_id') -%}
{#-
    When we learnt what a record says: the moment (UTC) at which the load that last changed it was extracted, which is
    what the names of loads begin with (landing.py). Null for a load of another name.
-#}
{%- set parts = [] -%}
{%- for first, length, after in [(1, 4, '-'), (5, 2, '-'), (7, 2, ' '), (10, 2, ':'), (12, 2, ':'), (14, 2, '.'), (17, 6, '')] -%}
{%- do parts.append('substring(' ~ load_id ~ ', ' ~ first ~ ', ' ~ length ~ ')' ~ (" || '" ~ after ~ "'" if after)) -%}
{%- endfor -%}
try_cast({{ parts | join(' || ') }} as timestamp)
{%- endmacro %}
