{# What an action did, as people read it: points for shares, a relative change for everything else. #}

{% macro effect_value(effect, is_points) -%}
cast(case when {{ is_points }} then {{ effect }} else exp(cast({{ effect }} as double)) - 1 end as decimal(28, 8))
{%- endmacro %}
