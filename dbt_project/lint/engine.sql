{# Stand-ins for macros/engine, whose dispatch only dbt can do. sqlfluff alone reads this file. #}

{% macro text_literal(value) -%}'{{ value }}'{%- endmacro %}
{% macro business_timestamp(moment) -%}({{ moment }} at time zone 'UTC' at time zone 'Asia/Shanghai'){%- endmacro %}
{% macro business_date_of(moment) -%}cast({{ moment }} as date){%- endmacro %}
{% macro microseconds_between(earlier, later) -%}(epoch_us({{ later }}) - epoch_us({{ earlier }})){%- endmacro %}
{% macro day_of_week(day) -%}cast(extract(isodow from {{ day }}) as bigint){%- endmacro %}
{% macro joined_text(value, separator, order_by) -%}string_agg({{ value }}, '{{ separator }}' order by {{ order_by }}){%- endmacro %}
{% macro amount_text(amount) -%}format('{:,.2f}', {{ amount }}){%- endmacro %}
{% macro number_text(number) -%}cast({{ number }} as varchar){%- endmacro %}

{% macro is_in_last_days(day, days) -%}({{ day }} > {{ business_date() }} - {{ days }} and {{ day }} <= {{ business_date() }}){%- endmacro %}
{% macro lifecycle_facts() -%}x{%- endmacro %}
