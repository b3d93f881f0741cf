-- An invoice by the day on which it is due, and how much of it has been collected. What was paid beyond an invoice is no
-- payment of another one. A credit note takes what is still unpaid of its order off what is due; only what it gives back
-- beyond that had been collected. Nothing is due for an order that was cancelled, or that its source deleted.
with
invoices as (
    select
        invoices.due_date,
        invoices.invoice_key,
        invoices.order_key,
        orders.order_id,
        invoices.customer_key,
        customers.customer_name,
        customers.industry,
        coalesce(orders.region_key, 'unknown') as region_key,
        coalesce(orders.channel, 'unknown') as channel,
        reps.rep_key,
        reps.team,
        reps.manager_rep_key,
        invoices.amount as due_amount,
        case when invoices.amount > 0 then least(coalesce(paid.paid_amount, 0), invoices.amount) else 0 end as paid_amount
    from fct_invoices as invoices
    left join fct_orders as orders on invoices.order_key = orders.order_key
    join dim_sales_reps as reps on coalesce(orders.rep_key, 'unknown') = reps.rep_key
    left join dim_customers as customers on invoices.customer_key = customers.customer_key
    left join (
        select
            invoice_key,
            sum(amount) as paid_amount
        from fct_payments
        where paid_date <= getvariable('business_date')
        group by invoice_key
    ) as paid on invoices.invoice_key = paid.invoice_key
    where not invoices.is_cancelled
),

unpaid as (
    select
        invoices.*,
        coalesce(sum(case when due_amount > 0 then due_amount - paid_amount end) over (partition by order_key), 0) as unpaid_amount,
        coalesce(sum(case when due_amount < 0 then -due_amount end) over (
            partition by order_key order by due_date, invoice_key rows between unbounded preceding and current row
        ), 0) as credited_amount
    from invoices
)

select
    due_date as row_date,
    invoice_key,
    order_key,
    order_id,
    customer_key,
    customer_name,
    industry,
    region_key,
    channel,
    rep_key,
    team,
    manager_rep_key,
    case
        when due_amount > 0 then paid_amount
        when order_key is null then due_amount
        else greatest(credited_amount + due_amount - unpaid_amount, 0) - greatest(credited_amount - unpaid_amount, 0)
    end as collected_amount,
    due_amount
from unpaid
