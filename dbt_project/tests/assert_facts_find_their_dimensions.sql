{#- What each key is of. -#}
{%- set dimensions = {
    'customer_key': ('dim_customers', 'customer_key'),
    'contact_key': ('dim_contacts', 'contact_key'),
    'product_key': ('dim_products', 'product_key'),
    'rep_key': ('dim_sales_reps', 'rep_key'),
    'owner_rep_key': ('dim_sales_reps', 'rep_key'),
    'region_key': ('dim_regions', 'region_key'),
    'store_key': ('dim_stores', 'store_key'),
    'dealer_key': ('dim_dealers', 'dealer_key'),
    'experiment_key': ('dim_experiments', 'experiment_key'),
    'channel': ('dim_channels', 'channel'),
    'last_touch_channel': ('dim_channels', 'channel'),
    'platform': ('dim_channels', 'channel'),
    'order_date': ('dim_dates', 'date_day'),
    'return_date': ('dim_dates', 'date_day'),
} -%}
{%- set keys = {
    'fct_order_lines': ['customer_key', 'contact_key', 'product_key', 'rep_key', 'store_key', 'dealer_key', 'channel', 'region_key', 'order_date'],
    'fct_returns': ['customer_key', 'product_key', 'rep_key', 'channel', 'region_key', 'return_date'],
    'fct_touchpoints': ['customer_key', 'contact_key', 'rep_key', 'channel'],
    'fct_customer_timeline': ['customer_key', 'contact_key', 'rep_key'],
    'fct_customer_months': ['customer_key'],
    'fct_customer_contacts': ['customer_key', 'contact_key'],
    'fct_deal_contacts': ['contact_key', 'customer_key'],
    'fct_quotes': ['customer_key', 'contact_key', 'rep_key'],
    'fct_satisfaction_scores': ['customer_key', 'dealer_key', 'store_key'],
    'fct_visits': ['customer_key', 'contact_key', 'rep_key'],
    'fct_chats': ['customer_key', 'contact_key', 'rep_key', 'platform'],
    'fct_calls': ['customer_key', 'contact_key', 'rep_key'],
    'fct_web_events': ['customer_key', 'contact_key'],
    'fct_dealer_orders': ['dealer_key', 'product_key'],
    'fct_dealer_inventory': ['dealer_key', 'product_key'],
    'fct_store_sales': ['store_key', 'dealer_key', 'product_key', 'region_key'],
    'fct_dealer_stock_days': ['dealer_key', 'product_key'],
    'fct_dealer_months': ['dealer_key'],
    'fct_experiment_assignments': ['experiment_key'],
    'fct_opportunities': ['customer_key', 'contact_key', 'owner_rep_key', 'region_key'],
    'fct_leads': ['customer_key', 'channel', 'owner_rep_key', 'region_key'],
    'fct_collections': ['customer_key', 'region_key', 'channel', 'rep_key'],
    'fct_customer_needs': ['customer_key', 'channel'],
    'fct_deal_chains': ['customer_key', 'owner_rep_key'],
    'fct_dealer_stock': ['dealer_key', 'product_key'],
    'fct_dealer_stock_weeks': ['dealer_key', 'product_key'],
    'fct_dealer_traces': ['dealer_key', 'product_key'],
    'fct_enquiries': ['customer_key'],
    'fct_first_orders': ['customer_key', 'region_key', 'channel'],
    'fct_follow_up_gaps': ['customer_key', 'rep_key'],
    'fct_invoices': ['customer_key'],
    'fct_lead_responses': ['channel', 'rep_key'],
    'fct_line_returns': ['product_key', 'region_key', 'channel', 'customer_key'],
    'fct_orders': ['customer_key', 'contact_key', 'rep_key', 'store_key', 'dealer_key', 'channel', 'region_key'],
    'fct_payments': ['customer_key'],
    'fct_rep_months': ['rep_key', 'region_key'],
    'fct_repurchase_gaps': ['customer_key'],
    'fct_sales_daily': ['region_key', 'channel', 'rep_key'],
    'fct_segment_members': ['customer_key'],
    'fct_touchpoints_daily': ['channel'],
    'dim_customers': ['region_key', 'owner_rep_key'],
    'dim_dealers': ['region_key'],
    'dim_stores': ['region_key', 'dealer_key'],
} -%}
{#- Keys that are null where there is nothing that they could name. -#}
{%- set optional_keys = {
    'fct_customer_contacts': ['last_touch_channel'],
    'fct_customer_timeline': ['channel'],
    'fct_dealer_traces': ['store_key'],
} -%}
-- An inner join of a fact with a dimension loses no row: a key that is null is missing, as one that the dimension has not.
{% for child, columns in keys.items() %}
{% for column in columns + optional_keys.get(child, []) %}
{% set parent, parent_key = dimensions[column] %}
select
    '{{ child }}.{{ column }}' as reference,
    cast(children.{{ column }} as {{ dbt.type_string() }}) as missing
from (select distinct {{ column }} from {{ ref(child) }}) as children
left join {{ ref(parent) }} as parents on children.{{ column }} = parents.{{ parent_key }}
where
    parents.{{ parent_key }} is null
    {% if column in optional_keys.get(child, []) %}
    and children.{{ column }} is not null
    {% endif %}
union all
{% endfor %}
{% endfor %}
-- A stage is one of those of the source of its deal.
select
    'fct_opportunity_stage_events.stage' as reference,
    children.stage as missing
from (
    select distinct
        {{ source_of('opportunity_key') }} as source,
        stage
    from {{ ref('fct_opportunity_stage_events') }}
) as children
left join {{ ref('dim_deal_stages') }} as parents on children.source = parents.source and children.stage = parents.stage
where parents.stage is null
