{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='survey_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_satisfaction_scores_deduplicated', ['survey_key']) }}",
    ],
) }}
-- depends_on: {{ ref('int_touchpoints_changed') }}

with
scores as (
    select * from {{ present('int_satisfaction_scores_deduplicated') }}
    {% if is_incremental() %}
    where {{ touchpoint_is_changed('survey', 'survey_key') }}
    {% endif %}
),

orders as (
    select * from {{ ref('int_orders_keyed') }}
),

stores as (
    select * from {{ ref('int_stores_deduplicated') }}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
)

-- An answer that names no dealer is about that of its store; one that names no customer, dealer or store about those of its order.
select
    scores.survey_key,
    scores.source,
    {{ customer_of('customers.customer_key', 'orders.customer_key') }} as customer_key,
    scores.order_key,
    coalesce(scores.dealer_key, stores.dealer_key, orders.dealer_key, 'unknown') as dealer_key,
    coalesce(scores.store_key, orders.store_key, 'unknown') as store_key,
    scores.score,
    scores.max_score,
    {{ ratio('scores.score', 'scores.max_score') }} as score_rate,
    scores.answered_at,
    {{ business_date_of('scores.answered_at') }} as answered_date,
    {{ learnt_at('scores._changed_load_id') }} as learnt_at
from scores
left join orders on scores.order_key = orders.order_key
left join stores on scores.store_key = stores.store_key
left join customers
    on scores.customer_record_key = customers.customer_record_key
