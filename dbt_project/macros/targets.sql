{# How a goal is judged. #}

{% macro outside(value, lower, upper) -%}
{#- How far a value lies outside of a band; 0 within it. -#}
greatest({{ lower }} - {{ value }}, {{ value }} - {{ upper }}, 0)
{%- endmacro %}

{% macro reaches(value, direction, goal, outside_value) -%}
case {{ direction }}
    when 'band' then {{ outside_value }} = 0
    when 'down' then {{ value }} <= {{ goal }}
    else {{ value }} >= {{ goal }}
end
{%- endmacro %}
