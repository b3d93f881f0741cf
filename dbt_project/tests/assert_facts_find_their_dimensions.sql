{%- set references = [
    ('fct_order_lines', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_order_lines', 'contact_key', 'dim_contacts', 'contact_key'),
    ('fct_order_lines', 'product_key', 'dim_products', 'product_key'),
    ('fct_order_lines', 'rep_key', 'dim_sales_reps', 'rep_key'),
    ('fct_order_lines', 'channel', 'dim_channels', 'channel'),
    ('fct_order_lines', 'region_key', 'dim_regions', 'region_key'),
    ('fct_order_lines', 'order_date', 'dim_dates', 'date_day'),
    ('fct_returns', 'product_key', 'dim_products', 'product_key'),
    ('fct_returns', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_returns', 'rep_key', 'dim_sales_reps', 'rep_key'),
    ('fct_returns', 'return_date', 'dim_dates', 'date_day'),
    ('fct_touchpoints', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_touchpoints', 'contact_key', 'dim_contacts', 'contact_key'),
    ('fct_touchpoints', 'rep_key', 'dim_sales_reps', 'rep_key'),
    ('fct_touchpoints', 'channel', 'dim_channels', 'channel'),
    ('fct_opportunities', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_opportunities', 'owner_rep_key', 'dim_sales_reps', 'rep_key'),
    ('fct_leads', 'customer_key', 'dim_customers', 'customer_key'),
    ('dim_customers', 'region_key', 'dim_regions', 'region_key'),
    ('dim_customers', 'owner_rep_key', 'dim_sales_reps', 'rep_key'),
] -%}
-- An inner join of a fact with a dimension loses no row.
{% for child, child_key, parent, parent_key in references %}
select
    '{{ child }}.{{ child_key }}' as reference,
    cast(children.{{ child_key }} as {{ dbt.type_string() }}) as missing
from (select distinct {{ child_key }} from {{ ref(child) }}) as children
left join {{ ref(parent) }} as parents on children.{{ child_key }} = parents.{{ parent_key }}
where parents.{{ parent_key }} is null
{{ "union all" if not loop.last }}
{% endfor %}
