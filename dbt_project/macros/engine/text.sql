{# Text on DuckDB and on Spark. #}

{% macro text_literal(value) -%}
'{{ value | string | replace("'", "''") }}'
{%- endmacro %}

{% macro joined_text(value, separator, order_by) %}{{ return(adapter.dispatch('joined_text')(value, separator, order_by)) }}{% endmacro %}

{% macro duckdb__joined_text(value, separator, order_by) -%}
string_agg({{ value }}, {{ text_literal(separator) }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_text(value, separator, order_by) -%}
array_join(
    transform(array_sort(collect_list(struct({{ order_by }} as place, {{ value }} as part))), x -> x.part),
    {{ text_literal(separator) }}
)
{%- endmacro %}

{% macro amount_text(amount) %}{{ return(adapter.dispatch('amount_text')(amount)) }}{% endmacro %}

{% macro duckdb__amount_text(amount) -%}
format('{:,.2f}', cast({{ amount }} as double))
{%- endmacro %}

{% macro spark__amount_text(amount) -%}
format_number({{ amount }}, 2)
{%- endmacro %}

{% macro number_text(number) -%}
{#- 12.0000 reads 12 and 0.5000 reads 0.5 -#}
regexp_replace(cast(cast({{ number }} as decimal(28, 4)) as {{ dbt.type_string() }}), '[.]?0+$', '')
{%- endmacro %}

{% macro matched_text(text, pattern, group) %}{{ return(adapter.dispatch('matched_text')(text, pattern, group)) }}{% endmacro %}

{% macro every_match(relation, columns, text, pattern, group) %}
{{ return(adapter.dispatch('every_match')(relation, columns, text, pattern, group)) }}
{% endmacro %}

{% macro duckdb__every_match(relation, columns, text, pattern, group) -%}
{#- A row for each time that a pattern is found: match_number from 1 on, quoted_text, and found_text, its group. -#}
select
    {{ columns }},
    generate_subscripts(regexp_extract_all({{ text }}, {{ text_literal(pattern) }}, 0), 1) as match_number,
    unnest(regexp_extract_all({{ text }}, {{ text_literal(pattern) }}, 0)) as quoted_text,
    unnest(regexp_extract_all({{ text }}, {{ text_literal(pattern) }}, {{ group }})) as found_text
from {{ relation }}
{%- endmacro %}

{% macro spark__every_match(relation, columns, text, pattern, group) -%}
select
    {{ columns }},
    cast(matches.place + 1 as bigint) as match_number,
    element_at(regexp_extract_all({{ text }}, r{{ text_literal(pattern) }}, 0), matches.place + 1) as quoted_text,
    matches.found_text
from {{ relation }}
lateral view posexplode(regexp_extract_all({{ text }}, r{{ text_literal(pattern) }}, {{ group }})) matches as place, found_text
{%- endmacro %}

{% macro duckdb__matched_text(text, pattern, group) -%}
nullif(regexp_extract({{ text }}, {{ text_literal(pattern) }}, {{ group }}), '')
{%- endmacro %}

{% macro spark__matched_text(text, pattern, group) -%}
{#- A raw literal keeps its backslashes. -#}
nullif(regexp_extract({{ text }}, r{{ text_literal(pattern) }}, {{ group }}), '')
{%- endmacro %}
