{# Stand-ins for macros/engine, whose dispatch only dbt can do. sqlfluff alone reads this file. #}

{% macro text_literal(value) -%}'{{ value }}'{%- endmacro %}
{% macro business_timestamp(moment) -%}({{ moment }} at time zone 'UTC' at time zone 'Asia/Shanghai'){%- endmacro %}
{% macro day_begins_at(day) -%}(cast({{ day }} as timestamp) at time zone 'Asia/Shanghai' at time zone 'UTC'){%- endmacro %}
{% macro business_date_of(moment) -%}cast({{ moment }} as date){%- endmacro %}
{% macro microseconds_between(earlier, later) -%}(epoch_us({{ later }}) - epoch_us({{ earlier }})){%- endmacro %}
{% macro day_of_week(day) -%}cast(extract(isodow from {{ day }}) as bigint){%- endmacro %}
{% macro joined_text(value, separator, order_by) -%}string_agg({{ value }}, '{{ separator }}' order by {{ order_by }}){%- endmacro %}
{% macro amount_text(amount) -%}format('{:,.2f}', {{ amount }}){%- endmacro %}
{% macro number_text(number) -%}cast({{ number }} as varchar){%- endmacro %}

{% macro lifecycle_facts() -%}x{%- endmacro %}
{% macro customer_attributes() -%}{{ return(['x']) }}{%- endmacro %}
{% macro fact_named(name, relation, prefix='') -%}case {{ name }} when 'x' then {{ relation }}.x end{%- endmacro %}
{% macro is_within(value, operator, threshold) -%}({{ value }} >= {{ threshold }} and {{ operator }} = 'at_least'){%- endmacro %}
{% macro loaded_date(extracted_at) -%}cast({{ extracted_at }} as date) - 1{%- endmacro %}
{% macro the_end() -%}date '9999-12-31'{%- endmacro %}
{% macro all_text(columns) -%}cast({{ columns[0] }} as varchar){%- endmacro %}
{% macro matched_text(text, pattern, group) -%}regexp_extract({{ text }}, 'x', 0){%- endmacro %}
{% macro every_match(relation, columns, text, pattern, group) -%}select {{ columns }}, 1 as match_number, 'x' as quoted_text, 'x' as found_text from {{ relation }}{%- endmacro %}
{% macro counts_as_touch() -%}touchpoint_type <> 'order'{%- endmacro %}
{% macro log_factorial(n) -%}lgamma({{ n }} + 1){%- endmacro %}
{% macro sum_of_largest(value, count) -%}list_aggregate(max({{ value }}, {{ count }}), 'sum'){%- endmacro %}
{% macro fingerprint_of(columns) -%}cast(sum(hash({{ columns | join(', ') }})) as varchar){%- endmacro %}
{% macro each_number(name, first, last) -%}cross join unnest(generate_series({{ first }}, {{ last }})) as {{ name }}(n){%- endmacro %}
{% macro each_part(name, text, separator) -%}cross join unnest(string_split({{ text }}, '{{ separator }}')) as {{ name }}(part){%- endmacro %}

{% macro trailing_median(value, partition_by, order_by, count) -%}
median({{ value }}) over (partition by {{ partition_by }} order by {{ order_by }} rows between {{ count }} preceding and 1 preceding)
{%- endmacro %}
