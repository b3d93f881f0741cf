{# How a row finds its customer, its region and its money: one home for each rule. #}

{% macro id_of(key) -%}
{#- The id that a source gave a record, from its key `<source>:<id>`; names of sources have no colon. -#}
substring({{ key }}, position(':' in {{ key }}) + 1)
{%- endmacro %}

{% macro source_of(key) -%}
{#- The source of a record, from its key `<source>:<id>`. -#}
substring({{ key }}, 1, position(':' in {{ key }}) - 1)
{%- endmacro %}

{% macro region_of(own, customer, rep) -%}
{#- A row's own region, else its customer's, else its rep's; a text that settings do not list is kept as it is. -#}
coalesce({{ own }}, {{ customer }}, {{ rep }}, 'unknown')
{%- endmacro %}

{% macro converted(amount, rate) -%}
{#-
    An amount in the reporting currency. Rounding a product of two decimals costs 1.6 microseconds a row, more than the
    rest of a fact table together, so rows that need no conversion are spared it.
-#}
case
    when {{ rate }} = 1 then cast({{ amount }} as decimal(18, 4))
    else cast(cast({{ amount }} as decimal(24, 4)) * {{ rate }} as decimal(18, 4))
end
{%- endmacro %}

{% macro reporting_currency() -%}
{{ text_literal(var('currency')) }}
{%- endmacro %}

{% macro exchange_rate_of(currency, listed_rate) -%}
{#- Rate to the reporting currency, which is 1 for itself and for a row that names none. -#}
case
    when coalesce({{ currency }}, {{ reporting_currency() }}) = {{ reporting_currency() }} then cast(1 as decimal(20, 12))
    else {{ listed_rate }}
end
{%- endmacro %}

{% macro one_day() -%}
86400000000
{%- endmacro %}

{% macro touchpoint_is_changed(type, key) -%}
{#- A row that this night computes again; see int_touchpoints_changed. -#}
('{{ type }}:' || {{ key }}) in (select changed.touchpoint_key from {{ ref('int_touchpoints_changed') }} as changed)
{%- endmacro %}

{% macro customer_of(own, employer) -%}
{#- A row's own customer, else the employer of its contact, 'unknown' where neither is known. -#}
coalesce(nullif({{ own }}, 'unknown'), {{ employer }}, 'unknown')
{%- endmacro %}

{% macro region_of_customer(customer, own, other) -%}
{#- The region of the customer that customer_of takes; nobody else's, also where it has none. -#}
case when {{ customer }} <> 'unknown' then {{ own }} else coalesce({{ own }}, {{ other }}) end
{%- endmacro %}

{% macro cell_part(member) -%}
{#- A member as a part of a key that | parts: empty where it is summed over, and without a | of its own. -#}
replace(replace(coalesce({{ member }}, ''), '%', '%25'), '|', '%7C')
{%- endmacro %}
