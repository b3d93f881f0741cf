{# What the steps of the funnel are called. #}

{% macro step_name(step_type, step, language) -%}
{%- set names = {
    'lead': {'en': 'Lead', 'zh': '线索'},
    'opportunity': {'en': 'Opportunity', 'zh': '商机'},
    'won': {'en': 'Won', 'zh': '赢单'},
    'order': {'en': 'Order', 'zh': '订单'},
    'invoice': {'en': 'Invoice', 'zh': '开票'},
    'payment': {'en': 'Payment', 'zh': '回款'},
} -%}
case {{ step_type }}{% for type, name in names.items() %} when '{{ type }}' then '{{ name[language] }}'{% endfor %} else {{ step }} end
{%- endmacro %}

{% macro relative_change(steps, past) -%}
{#- Of the conversion against another period, 0.1 for 10 % more. -#}
cast(
    cast({{ steps }}.converted_count as double) / nullif({{ steps }}.entered_count, 0)
    / nullif(cast({{ steps }}.{{ past }}_converted_count as double) / nullif({{ steps }}.{{ past }}_entered_count, 0), 0)
    - 1 as decimal(28, 8)
)
{%- endmacro %}

{% macro points_change(steps, past) -%}
{#- The same in percentage points. -#}
cast(100 * (
    cast({{ steps }}.converted_count as double) / nullif({{ steps }}.entered_count, 0)
    - cast({{ steps }}.{{ past }}_converted_count as double) / nullif({{ steps }}.{{ past }}_entered_count, 0)
) as decimal(18, 8))
{%- endmacro %}

{% macro status_word(status) -%}
{#- `Closed - Not Converted` and `closed_not_converted` are one word; funnel.py writes the words of the company so. -#}
replace(replace(replace(lower({{ status }}), ' ', ''), '-', ''), '_', '')
{%- endmacro %}
