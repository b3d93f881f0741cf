{# The facts that lifecycle rules may name: the columns of int_customers_profiled, the rows of seeds/lifecycle_facts.csv. #}

{% macro lifecycle_facts() -%}
{{ return([
    'days_since_created', 'days_since_last_order', 'days_since_last_touch', 'order_count_365d', 'order_count_total',
    'net_sales_365d_amount', 'net_sales_total_amount', 'visit_count_90d', 'chat_count_90d', 'open_opportunity_count',
    'open_opportunity_amount', 'open_opportunity_max_probability_rate', 'won_opportunity_count', 'lead_count',
    'unconverted_lead_count', 'open_quote_count',
]) }}
{%- endmacro %}

{% macro is_in_last_days(day, days) -%}
{#- The business date itself is the last of the days. -#}
({{ day }} > {{ business_date() }} - {{ days }} and {{ day }} <= {{ business_date() }})
{%- endmacro %}
