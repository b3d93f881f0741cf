{# Whether two words about one figure are the same word. #}

{% macro says_the_same(left, right) -%}
{#- Prefixes of numerator, denominator and value; a figure without a numerator is not there. -#}
{% for name in ['numerator', 'denominator', 'value'] -%}
coalesce({{ left }}{{ name }} = {{ right }}{{ name }}, {{ left }}{{ name }} is null and {{ right }}{{ name }} is null)
{{- ' and ' if not loop.last }}
{%- endfor %}
{%- endmacro %}
