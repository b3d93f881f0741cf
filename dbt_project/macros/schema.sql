{% macro generate_schema_name(custom_schema_name, node) -%}
{#- A schema is called what the project calls it, without the name of the target in front. -#}
{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
