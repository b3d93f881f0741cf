{# Numbers and rows for statistics on DuckDB and on Spark. #}

{% macro log_factorial(n) %}{{ return(adapter.dispatch('log_factorial')(n)) }}{% endmacro %}

{% macro duckdb__log_factorial(n) -%}
lgamma(cast({{ n }} as double) + 1)
{%- endmacro %}

{% macro default__log_factorial(n) -%}
{{ stirling_log_factorial(n) }}
{%- endmacro %}

{% macro each_number(name, first, last) %}{{ return(adapter.dispatch('each_number')(name, first, last)) }}{% endmacro %}

{% macro duckdb__each_number(name, first, last) -%}
{#- Part of a from clause: a row for each whole number from first to last, in <name>.n. -#}
cross join unnest(generate_series(cast({{ first }} as bigint), cast({{ last }} as bigint))) as {{ name }}(n)
{%- endmacro %}

{% macro spark__each_number(name, first, last) -%}
{#- sequence() counts down where the last is below the first. -#}
lateral view explode(
    case when {{ first }} <= {{ last }} then sequence(cast({{ first }} as bigint), cast({{ last }} as bigint)) end
) {{ name }} as n
{%- endmacro %}

{% macro each_part(name, text, separator) %}{{ return(adapter.dispatch('each_part')(name, text, separator)) }}{% endmacro %}

{% macro duckdb__each_part(name, text, separator) -%}
{#- Part of a from clause: a row for each part of a text, in <name>.part. -#}
cross join unnest(string_split({{ text }}, {{ text_literal(separator) }})) as {{ name }}(part)
{%- endmacro %}

{% macro spark__each_part(name, text, separator) -%}
{#- split() takes a pattern. -#}
lateral view explode(split({{ text }}, {{ text_literal('[' ~ separator ~ ']') }})) {{ name }} as part
{%- endmacro %}

{% macro trailing_median(value, partition_by, order_by, count) -%}
{{ return(adapter.dispatch('trailing_median')(value, partition_by, order_by, count)) }}
{%- endmacro %}

{% macro duckdb__trailing_median(value, partition_by, order_by, count) -%}
{#- The median of the `count` rows before this one, or of as many as there are. -#}
median({{ value }}) over (
    partition by {{ partition_by }} order by {{ order_by }} rows between {{ count }} preceding and 1 preceding
)
{%- endmacro %}

{% macro spark__trailing_median(value, partition_by, order_by, count) -%}
{#- median() takes no frame; the middle of the sorted list does. -#}
{%- set listed -%}
sort_array(collect_list({{ value }}) over (
    partition by {{ partition_by }} order by {{ order_by }} rows between {{ count }} preceding and 1 preceding
))
{%- endset -%}
{%- set least = 'cast(floor((size(' ~ listed ~ ') + 1) / 2) as int)' -%}
{%- set parts = '(2 - cast(size(' ~ listed ~ ') % 2 as int))' -%}
case
    when size({{ listed }}) > 0
        then
            aggregate(slice({{ listed }}, {{ least }}, {{ parts }}), cast(0 as double), (total, part) -> total + part)
            / {{ parts }}
end
{%- endmacro %}

{% macro sum_of_largest(value, count) %}{{ return(adapter.dispatch('sum_of_largest')(value, count)) }}{% endmacro %}

{% macro duckdb__sum_of_largest(value, count) -%}
{#- An aggregate: the sum of the so many largest values of a group, null where there is none. -#}
list_aggregate(max({{ value }}, {{ count }}), 'sum')
{%- endmacro %}

{% macro spark__sum_of_largest(value, count) -%}
aggregate(
    slice(sort_array(collect_list({{ value }}), false), 1, {{ count }}),
    cast(null as decimal(38, 4)),
    (total, part) -> coalesce(total, 0) + part
)
{%- endmacro %}

{#- A text that is another one when a row of a group is another one, whatever their order. -#}
{% macro fingerprint_of(columns) %}{{ return(adapter.dispatch('fingerprint_of')(columns)) }}{% endmacro %}

{% macro duckdb__fingerprint_of(columns) -%}
{#- Once more, for the hash of a row mixes its last column by xor alone, and a sum would miss some exchanges. -#}
cast(sum(hash(hash({{ columns | join(', ') }}))) as varchar)
{%- endmacro %}

{% macro spark__fingerprint_of(columns) -%}
{#- xxhash64 passes over nulls. -#}
{%- set parts = [] -%}
{%- for column in columns -%}
{%- do parts.append(column ~ ' is null, ' ~ column) -%}
{%- endfor -%}
cast(sum(cast(xxhash64({{ parts | join(', ') }}) as decimal(38, 0))) as string)
{%- endmacro %}
