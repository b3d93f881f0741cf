-- A journey is a lead with the deals that grew from it, or a deal without a lead. It reaches a step when any of its
-- deals does, it may skip a stage, and it ends (is_lost) when nothing of it is open any more.
with
leads as (
    select * from {{ ref('fct_leads') }}
),

opportunities as (
    select
        opportunities.*,
        case when leads.lead_key is not null then 'lead:' || leads.lead_key else 'deal:' || opportunities.opportunity_key end as journey_key
    from {{ ref('fct_opportunities') }} as opportunities
    left join leads on opportunities.lead_key = leads.lead_key
),

stages as (
    select
        stage,
        min(stage_order) as stage_order
    from {{ ref('fct_opportunity_stage_events') }}
    group by stage
),

orders as (
    select
        opportunities.journey_key,
        orders.order_key,
        orders.is_cancelled
    from {{ ref('int_orders_keyed') }} as orders
    inner join opportunities on orders.opportunity_key = opportunities.opportunity_key
),

order_amounts as (
    select
        orders.journey_key,
        sum(lines.net_amount) as amount
    from {{ ref('fct_order_lines') }} as lines
    inner join orders on lines.order_key = orders.order_key
    where not lines.is_cancelled
    group by orders.journey_key
),

invoices as (
    select
        orders.journey_key,
        sum(invoices.amount) as amount
    from {{ ref('fct_invoices') }} as invoices
    inner join orders on invoices.order_key = orders.order_key
    group by orders.journey_key
),

payments as (
    select
        orders.journey_key,
        sum(payments.amount) as amount
    from {{ ref('fct_payments') }} as payments
    inner join orders on payments.order_key = orders.order_key
    group by orders.journey_key
),

deals as (
    select
        journey_key,
        min(created_date) as first_deal_date,
        sum(amount) as deal_amount,
        sum(amount) filter (where opportunity_status = 'won') as won_amount,
        count(*) filter (where opportunity_status = 'won') as won_count,
        count(*) filter (where opportunity_status <> 'lost') as living_count
    from opportunities
    group by journey_key
),

outcomes as (
    select
        deals.journey_key,
        deals.living_count = 0 as is_every_deal_lost,
        coalesce(min(case when orders.is_cancelled then 1 else 0 end) = 1, false) as is_every_order_cancelled
    from deals
    left join orders on deals.journey_key = orders.journey_key
    group by deals.journey_key, deals.living_count
),

reached as (
    select
        'lead:' || lead_key as journey_key,
        'lead' as step_type,
        'lead' as step,
        0 as stage_order,
        cast(0 as decimal(18, 4)) as amount
    from leads
    union all
    select
        journey_key,
        'opportunity' as step_type,
        'opportunity' as step,
        0 as stage_order,
        deal_amount as amount
    from deals
    union all
    select
        opportunities.journey_key,
        'stage' as step_type,
        -- A company may call a stage what a fixed step is called.
        case
            when stages.stage in ('lead', 'opportunity', 'won', 'order', 'invoice', 'payment') then 'stage:' || stages.stage
            else stages.stage
        end as step,
        stages.stage_order,
        sum(opportunities.amount) as amount
    from opportunities
    inner join (
        select distinct
            opportunity_key,
            stage
        from {{ ref('fct_opportunity_stage_events') }}
    ) as entered on opportunities.opportunity_key = entered.opportunity_key
    inner join stages on entered.stage = stages.stage
    group by opportunities.journey_key, stages.stage, stages.stage_order
    union all
    select
        journey_key,
        'won' as step_type,
        'won' as step,
        0 as stage_order,
        won_amount as amount
    from deals
    where won_count > 0
    union all
    select
        orders.journey_key,
        'order' as step_type,
        'order' as step,
        0 as stage_order,
        coalesce(order_amounts.amount, 0) as amount
    from (select distinct journey_key from orders) as orders
    left join order_amounts on orders.journey_key = order_amounts.journey_key
    union all
    select
        journey_key,
        'invoice' as step_type,
        'invoice' as step,
        0 as stage_order,
        amount
    from invoices
    union all
    select
        journey_key,
        'payment' as step_type,
        'payment' as step,
        0 as stage_order,
        amount
    from payments
),

ordered as (
    select
        reached.*,
        case step_type
            when 'lead' then 1 when 'opportunity' then 2 when 'stage' then 3 when 'won' then 4
            when 'order' then 5 when 'invoice' then 6 else 7
        end as type_order
    from reached
)

select
    ordered.journey_key,
    cast(date_trunc('month', coalesce(leads.created_date, deals.first_deal_date)) as date) as cohort_month,
    ordered.step_type,
    ordered.step,
    ordered.type_order,
    ordered.stage_order,
    cast(coalesce(ordered.amount, 0) as decimal(18, 4)) as amount,
    -- The way goes on from a step as soon as any later one is reached.
    row_number() over (
        partition by ordered.journey_key
        order by ordered.type_order desc, ordered.stage_order desc, ordered.step desc
    ) > 1 as is_left_behind,
    case
        when ordered.step_type = 'lead' then lower(coalesce(leads.lead_status, '')) in ('lost', 'disqualified', 'invalid', 'closed')
        when ordered.step_type in ('opportunity', 'stage') then coalesce(outcomes.is_every_deal_lost, false)
        when ordered.step_type = 'order' then coalesce(outcomes.is_every_order_cancelled, false)
        else false
    end as is_ended,
    -- The last step is done when what was invoiced is paid.
    coalesce(ordered.step_type = 'payment' and ordered.amount >= invoices.amount, false) as is_paid_in_full
from ordered
left join leads on ordered.journey_key = 'lead:' || leads.lead_key
left join deals on ordered.journey_key = deals.journey_key
left join outcomes on ordered.journey_key = outcomes.journey_key
left join invoices on ordered.journey_key = invoices.journey_key
