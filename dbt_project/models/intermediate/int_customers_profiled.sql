-- What lifecycle rules may ask about a customer: one column for each row of the seed lifecycle_facts.
with
customers as (
    select
        customer_key,
        min({{ business_date_of('created_at') }}) as created_date
    from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown'
    group by customer_key
),

orders as (
    select
        customer_key,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        count(*) as order_count_total,
        count(*) filter (where {{ is_in_last_days('order_date', 365) }}) as order_count_365d
    from {{ ref('int_orders_keyed') }}
    where not is_cancelled
    group by customer_key
),

movements as (
    select
        customer_key,
        order_date as moved_date,
        net_amount as amount
    from {{ ref('fct_order_lines') }}
    where not is_cancelled
    union all
    select
        customer_key,
        return_date as moved_date,
        -refund_amount as amount
    from {{ ref('fct_returns') }}
    where not is_cancelled
),

sales as (
    select
        customer_key,
        sum(amount) as net_sales_total_amount,
        sum(amount) filter (where {{ is_in_last_days('moved_date', 365) }}) as net_sales_365d_amount
    from movements
    group by customer_key
),

touches_by_channel as (
    select
        customer_key,
        channel,
        max(occurred_at) as last_at,
        max(occurred_date) as last_date,
        count(*) filter (
            where touchpoint_type = 'visit' and {{ is_in_last_days('occurred_date', 90) }}
        ) as visit_count_90d,
        count(*) filter (
            where touchpoint_type = 'chat' and {{ is_in_last_days('occurred_date', 90) }}
        ) as chat_count_90d
    from {{ ref('fct_touchpoints') }}
    group by customer_key, channel
),

touches_ranked as (
    select
        touches_by_channel.*,
        row_number() over (
            partition by customer_key order by last_at desc nulls last, channel asc
        ) as place
    from touches_by_channel
),

touches as (
    select
        customer_key,
        max(last_at) as last_active_at,
        max(last_date) as last_active_date,
        max(case when place = 1 then channel end) as last_active_channel,
        sum(visit_count_90d) as visit_count_90d,
        sum(chat_count_90d) as chat_count_90d
    from touches_ranked
    group by customer_key
),

opportunities as (
    select
        customer_key,
        count(*) filter (where opportunity_status = 'open') as open_opportunity_count,
        sum(amount) filter (where opportunity_status = 'open') as open_opportunity_amount,
        max(probability_rate) filter (where opportunity_status = 'open') as open_opportunity_max_probability_rate,
        count(*) filter (where opportunity_status = 'won') as won_opportunity_count
    from {{ ref('fct_opportunities') }}
    group by customer_key
),

-- A quote that can still be accepted: its latest version holds on the business date and its deal is open.
quotes as (
    select
        quotes.customer_key,
        count(*) as open_quote_count
    from {{ ref('fct_quotes') }} as quotes
    inner join {{ ref('fct_opportunities') }} as opportunities
        on quotes.opportunity_key = opportunities.opportunity_key
    where
        quotes.is_latest_version
        and opportunities.opportunity_status = 'open'
        and (quotes.valid_until_date is null or quotes.valid_until_date >= {{ business_date() }})
    group by quotes.customer_key
),

leads as (
    select
        customer_key,
        count(*) as lead_count,
        count(*) filter (where first_opportunity_at is null) as unconverted_lead_count
    from {{ ref('fct_leads') }}
    group by customer_key
)

select
    customers.customer_key,
    orders.first_order_date,
    orders.last_order_date,
    touches.last_active_at,
    touches.last_active_channel,

    cast({{ dbt.datediff('customers.created_date', business_date(), 'day') }} as bigint) as days_since_created,
    cast({{ dbt.datediff('orders.last_order_date', business_date(), 'day') }} as bigint) as days_since_last_order,
    cast({{ dbt.datediff('touches.last_active_date', business_date(), 'day') }} as bigint) as days_since_last_touch,
    coalesce(orders.order_count_365d, 0) as order_count_365d,
    coalesce(orders.order_count_total, 0) as order_count_total,
    cast(coalesce(sales.net_sales_365d_amount, 0) as decimal(18, 4)) as net_sales_365d_amount,
    cast(coalesce(sales.net_sales_total_amount, 0) as decimal(18, 4)) as net_sales_total_amount,
    cast(coalesce(touches.visit_count_90d, 0) as bigint) as visit_count_90d,
    cast(coalesce(touches.chat_count_90d, 0) as bigint) as chat_count_90d,
    coalesce(opportunities.open_opportunity_count, 0) as open_opportunity_count,
    cast(coalesce(opportunities.open_opportunity_amount, 0) as decimal(18, 4)) as open_opportunity_amount,
    coalesce(opportunities.open_opportunity_max_probability_rate, 0) as open_opportunity_max_probability_rate,
    coalesce(opportunities.won_opportunity_count, 0) as won_opportunity_count,
    coalesce(leads.lead_count, 0) as lead_count,
    coalesce(leads.unconverted_lead_count, 0) as unconverted_lead_count,
    coalesce(quotes.open_quote_count, 0) as open_quote_count
from customers
left join orders on customers.customer_key = orders.customer_key
left join sales on customers.customer_key = sales.customer_key
left join touches on customers.customer_key = touches.customer_key
left join opportunities on customers.customer_key = opportunities.customer_key
left join leads on customers.customer_key = leads.customer_key
left join quotes on customers.customer_key = quotes.customer_key
