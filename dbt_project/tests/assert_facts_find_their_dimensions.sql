{%- set references = [
    ('fct_order_lines', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_order_lines', 'contact_key', 'dim_contacts', 'contact_key'),
    ('fct_order_lines', 'product_key', 'dim_products', 'product_key'),
    ('fct_order_lines', 'rep_key', 'dim_sales_reps', 'rep_key'),
    ('fct_order_lines', 'channel', 'dim_channels', 'channel'),
    ('fct_order_lines', 'region_key', 'dim_regions', 'region_key'),
    ('fct_order_lines', 'order_date', 'dim_dates', 'date_day'),
    ('fct_order_lines', 'store_key', 'dim_stores', 'store_key'),
    ('fct_order_lines', 'dealer_key', 'dim_dealers', 'dealer_key'),
    ('fct_returns', 'product_key', 'dim_products', 'product_key'),
    ('fct_returns', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_returns', 'rep_key', 'dim_sales_reps', 'rep_key'),
    ('fct_returns', 'return_date', 'dim_dates', 'date_day'),
    ('fct_touchpoints', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_touchpoints', 'contact_key', 'dim_contacts', 'contact_key'),
    ('fct_touchpoints', 'rep_key', 'dim_sales_reps', 'rep_key'),
    ('fct_touchpoints', 'channel', 'dim_channels', 'channel'),
    ('fct_quotes', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_quotes', 'rep_key', 'dim_sales_reps', 'rep_key'),
    ('fct_satisfaction_scores', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_satisfaction_scores', 'dealer_key', 'dim_dealers', 'dealer_key'),
    ('fct_satisfaction_scores', 'store_key', 'dim_stores', 'store_key'),
    ('fct_visits', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_chats', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_calls', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_web_events', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_dealer_orders', 'dealer_key', 'dim_dealers', 'dealer_key'),
    ('fct_dealer_orders', 'product_key', 'dim_products', 'product_key'),
    ('fct_dealer_inventory', 'dealer_key', 'dim_dealers', 'dealer_key'),
    ('fct_dealer_inventory', 'product_key', 'dim_products', 'product_key'),
    ('fct_store_sales', 'store_key', 'dim_stores', 'store_key'),
    ('fct_store_sales', 'dealer_key', 'dim_dealers', 'dealer_key'),
    ('fct_store_sales', 'product_key', 'dim_products', 'product_key'),
    ('fct_store_sales', 'region_key', 'dim_regions', 'region_key'),
    ('fct_experiment_assignments', 'experiment_key', 'dim_experiments', 'experiment_key'),
    ('fct_opportunities', 'customer_key', 'dim_customers', 'customer_key'),
    ('fct_opportunities', 'owner_rep_key', 'dim_sales_reps', 'rep_key'),
    ('fct_leads', 'customer_key', 'dim_customers', 'customer_key'),
    ('dim_customers', 'region_key', 'dim_regions', 'region_key'),
    ('dim_dealers', 'region_key', 'dim_regions', 'region_key'),
    ('dim_stores', 'region_key', 'dim_regions', 'region_key'),
    ('dim_stores', 'dealer_key', 'dim_dealers', 'dealer_key'),
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
