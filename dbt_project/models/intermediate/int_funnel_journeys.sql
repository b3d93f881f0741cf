-- A journey is a lead with the deals that grew from it, or a deal without a lead. It reaches a step when any of its
-- deals does, it may skip a stage, and it ends when nothing of it is open any more. An invoice is dated by the day on which
-- it is due: sources say no other. What was created, entered or decided after the business date has not happened yet.
with
leads as (
    select
        leads.lead_key,
        leads.created_date,
        coalesce(statuses.is_lost, false) as is_lost
    from {{ ref('fct_leads') }} as leads
    left join {{ ref('stg_settings__lead_statuses') }} as statuses
        on {{ status_word('leads.lead_status') }} = statuses.status_word
    where leads.created_date <= {{ business_date() }}
),

-- A deal that nobody has dated is there already.
opportunities as (
    select
        opportunities.opportunity_key,
        {{ source_of('opportunities.opportunity_key') }} as source,
        opportunities.amount,
        opportunities.created_date,
        leads.created_date as lead_date,
        case when opportunities.closed_date <= {{ business_date() }} then opportunities.closed_date end as closed_date,
        case
            when opportunities.closed_date > {{ business_date() }} then 'open' else opportunities.opportunity_status
        end as opportunity_status,
        case when leads.lead_key is not null then 'lead:' || leads.lead_key else 'deal:' || opportunities.opportunity_key end as journey_key
    from {{ ref('fct_opportunities') }} as opportunities
    left join leads on opportunities.lead_key = leads.lead_key
    where opportunities.created_date is null or opportunities.created_date <= {{ business_date() }}
),

entries as (
    select
        opportunity_key,
        stage,
        stage_order,
        entered_date,
        exit_type = 'regressed' and left_date <= {{ business_date() }} as has_regressed
    from {{ ref('fct_opportunity_stage_events') }}
    where entered_date <= {{ business_date() }}
),

-- Of stages that stand beside each other the one comes first that deals usually enter first.
stages as (
    select
        entries.stage,
        min(entries.stage_order) as stage_order,
        coalesce(min(placed.beside_count), 0) as beside_count
    from entries
    left join (
        select
            stage,
            min(beside_count) as beside_count
        from {{ ref('int_deal_stages_placed') }}
        group by stage
    ) as placed on entries.stage = placed.stage
    group by entries.stage
),

orders as (
    select
        opportunities.journey_key,
        orders.order_key,
        orders.order_date,
        orders.is_cancelled,
        opportunities.created_date as deal_date
    from {{ ref('int_orders_keyed') }} as orders
    inner join opportunities on orders.opportunity_key = opportunities.opportunity_key
    where orders.order_date <= {{ business_date() }}
),

order_dates as (
    select
        journey_key,
        min(order_date) as first_order_date,
        min(order_date) filter (where order_date >= deal_date) as first_grown_date
    from orders
    group by journey_key
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

-- Nothing is due for an order that was cancelled, and what was paid for it goes back.
invoices as (
    select
        orders.journey_key,
        min(invoices.due_date) as first_due_date,
        sum(invoices.amount) as amount
    from {{ ref('fct_invoices') }} as invoices
    inner join orders on invoices.order_key = orders.order_key
    where not orders.is_cancelled
    group by orders.journey_key
),

payments as (
    select
        orders.journey_key,
        min(payments.paid_date) as first_paid_date,
        sum(payments.amount) as amount
    from {{ ref('fct_payments') }} as payments
    inner join orders on payments.order_key = orders.order_key
    where not orders.is_cancelled and payments.paid_date <= {{ business_date() }}
    group by orders.journey_key
),

deals as (
    select
        journey_key,
        -- none where its deals are of several
        case when min(source) = max(source) then min(source) end as deal_source,
        min(created_date) as first_deal_date,
        min(created_date) filter (where created_date >= lead_date) as first_grown_date,
        min(closed_date) filter (where opportunity_status = 'won') as first_won_date,
        max(closed_date) as last_closed_date,
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
        0 as beside_count,
        cast(0 as decimal(18, 4)) as amount,
        created_date as reached_date,
        false as has_regressed
    from leads
    union all
    select
        journey_key,
        'opportunity' as step_type,
        'opportunity' as step,
        0 as stage_order,
        0 as beside_count,
        deal_amount as amount,
        first_deal_date as reached_date,
        false as has_regressed
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
        stages.beside_count,
        sum(opportunities.amount) as amount,
        min(entered.entered_date) as reached_date,
        max(entered.regressed_count) > 0 as has_regressed
    from opportunities
    inner join (
        select
            opportunity_key,
            stage,
            min(entered_date) as entered_date,
            sum(case when has_regressed then 1 else 0 end) as regressed_count
        from entries
        group by opportunity_key, stage
    ) as entered on opportunities.opportunity_key = entered.opportunity_key
    inner join stages on entered.stage = stages.stage
    group by opportunities.journey_key, stages.stage, stages.stage_order, stages.beside_count
    union all
    select
        journey_key,
        'won' as step_type,
        'won' as step,
        0 as stage_order,
        0 as beside_count,
        won_amount as amount,
        first_won_date as reached_date,
        false as has_regressed
    from deals
    where won_count > 0
    union all
    select
        orders.journey_key,
        'order' as step_type,
        'order' as step,
        0 as stage_order,
        0 as beside_count,
        coalesce(order_amounts.amount, 0) as amount,
        orders.first_order_date as reached_date,
        false as has_regressed
    from order_dates as orders
    left join order_amounts on orders.journey_key = order_amounts.journey_key
    union all
    select
        journey_key,
        'invoice' as step_type,
        'invoice' as step,
        0 as stage_order,
        0 as beside_count,
        amount,
        first_due_date as reached_date,
        false as has_regressed
    from invoices
    union all
    select
        journey_key,
        'payment' as step_type,
        'payment' as step,
        0 as stage_order,
        0 as beside_count,
        amount,
        first_paid_date as reached_date,
        false as has_regressed
    from payments
),

typed as (
    select
        reached.*,
        case step_type
            when 'lead' then 1 when 'opportunity' then 2 when 'stage' then 3 when 'won' then 4
            when 'order' then 5 when 'invoice' then 6 else 7
        end as type_order
    from reached
),

numbered as (
    select
        typed.*,
        dense_rank() over (
            order by type_order asc, stage_order asc nulls last, beside_count asc, step asc
        ) as step_order
    from typed
),

deal_sources as (
    select distinct deal_source
    from deals
    where deal_source is not null
),

fixed_steps as (
    select distinct step_order
    from numbered
    where step_type <> 'stage'
),

-- The way of the deals of a source: nobody left out a stage that his CRM does not have.
ways as (
    select
        deal_source,
        step_order,
        row_number() over (partition by deal_source order by step_order asc) as way_order
    from (
        select
            sources.deal_source,
            steps.step_order
        from deal_sources as sources
        cross join fixed_steps as steps
        union distinct
        select
            deals.deal_source,
            numbered.step_order
        from numbered
        inner join deals on numbered.journey_key = deals.journey_key
        where numbered.step_type = 'stage' and deals.deal_source is not null
    ) as steps_of_sources
),

on_its_way as (
    select
        numbered.*,
        deals.deal_source,
        coalesce(ways.way_order, numbered.step_order) as way_order
    from numbered
    left join deals on numbered.journey_key = deals.journey_key
    left join ways on deals.deal_source = ways.deal_source and numbered.step_order = ways.step_order
),

placed as (
    select
        on_its_way.*,
        row_number() over (partition by journey_key order by step_order asc) as place,
        min(step_order) over (partition by journey_key) as first_step_order,
        max(step_order) over (partition by journey_key) as last_step_order,
        min(way_order) over (partition by journey_key) as first_way_order,
        lead(way_order) over (partition by journey_key order by way_order asc) as next_way_order
    from on_its_way
)

select
    placed.journey_key,
    cast(date_trunc('month', coalesce(leads.created_date, deals.first_deal_date)) as date) as cohort_month,
    placed.step_type,
    placed.step,
    placed.type_order,
    placed.stage_order,
    placed.step_order,
    placed.first_step_order,
    placed.last_step_order,
    placed.deal_source,
    placed.reached_date,
    cast(coalesce(placed.amount, 0) as decimal(18, 4)) as amount,
    -- The way goes on from a step as soon as any later one is reached.
    placed.step_order < placed.last_step_order as is_left_behind,
    -- No step between the first one and this one was left out.
    placed.place = placed.way_order - placed.first_way_order + 1 as is_in_order,
    coalesce(placed.next_way_order = placed.way_order + 1, false) as is_next_in_order,
    placed.has_regressed,
    case
        when placed.step_type = 'lead' then coalesce(leads.is_lost, false)
        when placed.step_type in ('opportunity', 'stage') then coalesce(outcomes.is_every_deal_lost, false)
        when placed.step_type = 'order' then coalesce(outcomes.is_every_order_cancelled, false)
        else false
    end as is_ended,
    -- When it ended, where that is known: a lead is lost on no day.
    case when placed.step_type in ('opportunity', 'stage') then deals.last_closed_date end as ended_date,
    -- When the first came that grew from it: a deal from the day of the lead on, an order from the day of its deal on.
    case placed.step_type
        when 'lead' then deals.first_grown_date
        when 'opportunity' then order_dates.first_grown_date
    end as grown_date,
    -- The last step is done when what was invoiced is paid: converted in parts it may differ by less than a cent.
    coalesce(placed.step_type = 'payment' and placed.amount > invoices.amount - 0.01, false) as is_paid_in_full
from placed
left join leads on placed.journey_key = 'lead:' || leads.lead_key
left join deals on placed.journey_key = deals.journey_key
left join order_dates on placed.journey_key = order_dates.journey_key
left join outcomes on placed.journey_key = outcomes.journey_key
left join invoices on placed.journey_key = invoices.journey_key
