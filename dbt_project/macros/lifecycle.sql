{# What lifecycle rules and segments may name: columns of int_customer_days_profiled and of dim_customers, the rows of
   seeds/lifecycle_facts.csv and seeds/customer_attributes.csv. #}

{% macro lifecycle_facts() -%}
{{ return([
    'days_since_created', 'days_since_last_order', 'days_since_last_touch', 'order_count_365d', 'order_count_total',
    'net_sales_365d_amount', 'net_sales_total_amount', 'visit_count_90d', 'chat_count_90d', 'open_opportunity_count',
    'open_opportunity_amount', 'open_opportunity_max_probability_rate', 'won_opportunity_count', 'lead_count',
    'unconverted_lead_count', 'open_quote_count',
]) }}
{%- endmacro %}

{% macro customer_attributes() -%}
{#- The tier is an attribute too, which another model gives. -#}
{{ return([
    'region_key', 'province_key', 'city', 'industry', 'size_band', 'owner_rep_key', 'is_addressable',
]) }}
{%- endmacro %}

{% macro counts_as_touch() -%}
{#- Of fct_touchpoints: an order that is cancelled now counts on no day. -#}
not (touchpoint_type = 'order' and coalesce(outcome, '') = 'cancelled')
{%- endmacro %}

{% macro fact_named(name, relation, prefix='') -%}
{#- The fact that a row names, as one type; null where the customer has none. -#}
{%- set choices = [] -%}
{%- for fact in lifecycle_facts() -%}
{%- do choices.append("when '" ~ fact ~ "' then cast(" ~ relation ~ "." ~ prefix ~ fact ~ " as decimal(28, 4))") -%}
{%- endfor -%}
case {{ name }} {{ choices | join(' ') }} end
{%- endmacro %}

{% macro is_within(value, operator, threshold) -%}
{#- A fact that a customer does not have meets no condition. -#}
coalesce(
    case {{ operator }}
        when 'at_least' then {{ value }} >= {{ threshold }}
        when 'over' then {{ value }} > {{ threshold }}
        when 'at_most' then {{ value }} <= {{ threshold }}
        when 'under' then {{ value }} < {{ threshold }}
    end,
    false
)
{%- endmacro %}

{% macro all_text(columns) -%}
{#- Columns as one text, to tell whether any of them differs; a missing one is empty. -#}
{%- set texts = [] -%}
{%- for column in columns -%}
{%- do texts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '')") -%}
{%- endfor -%}
{{ texts | join(" || '|' || ") }}
{%- endmacro %}

{% macro the_end() -%}
date '9999-12-31'
{%- endmacro %}

{% macro loaded_date(extracted_at) -%}
{#- The business date of the refresh that brought a load: it ran the night after. -#}
{{ business_date_of(extracted_at) }} - 1
{%- endmacro %}
