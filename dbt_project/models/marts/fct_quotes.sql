{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='quote_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_quotes_deduplicated', ['quote_key', 'quote_version']) }}",
    ],
) }}
-- depends_on: {{ ref('int_touchpoints_changed') }}

with
quotes as (
    select * from {{ present('int_quotes_deduplicated') }}
    {% if is_incremental() %}
    where {{ touchpoint_is_changed('quote', 'quote_key') }}
    {% endif %}
),

latest as (
    select
        quote_key,
        max(quote_version) as quote_version
    from quotes
    group by quote_key
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

-- A quote is in the currency of its deal.
deals as (
    select
        records.opportunity_key,
        {{ exchange_rate_of('records.currency', 'rates.exchange_rate') }} as exchange_rate
    from {{ ref('int_opportunities_deduplicated') }} as records
    left join {{ ref('stg_settings__exchange_rates') }} as rates on records.currency = rates.currency
)

select
    quotes.quote_key,
    quotes.quote_version,
    quotes.source,
    quotes.opportunity_key,
    coalesce(opportunities.customer_key, 'unknown') as customer_key,
    coalesce(opportunities.contact_key, 'unknown') as contact_key,
    coalesce(opportunities.owner_rep_key, 'unknown') as rep_key,
    {{ converted('coalesce(quotes.amount, 0)', 'coalesce(deals.exchange_rate, cast(1 as decimal(20, 12)))') }} as amount,
    {{ converted('coalesce(quotes.discount_amount, 0)', 'coalesce(deals.exchange_rate, cast(1 as decimal(20, 12)))') }} as discount_amount,
    quotes.valid_until_date,
    quotes.created_at,
    {{ business_date_of('quotes.created_at') }} as created_date,
    quotes.quote_version = latest.quote_version as is_latest_version,
    {{ learnt_at('quotes._changed_load_id') }} as learnt_at
from quotes
inner join latest on quotes.quote_key = latest.quote_key
left join opportunities on quotes.opportunity_key = opportunities.opportunity_key
left join deals on quotes.opportunity_key = deals.opportunity_key
