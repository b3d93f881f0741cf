-- What was paid beyond an invoice is no payment of another one. A credit note takes what is still unpaid of its order off what
-- is due; only what it gives back beyond that had been collected. Nothing is due for an order that was cancelled, or that its
-- source deleted.
with
paid as (
    select
        invoice_key,
        sum(amount) as paid_amount
    from {{ ref('fct_payments') }}
    where paid_date <= {{ business_date() }}
    group by invoice_key
),

invoices as (
    select
        invoices.due_date,
        coalesce(orders.region_key, 'unknown') as region_key,
        coalesce(orders.channel, 'unknown') as channel,
        coalesce(orders.rep_key, 'unknown') as rep_key,
        invoices.customer_key,
        invoices.order_key,
        invoices.invoice_key,
        invoices.amount as due_amount,
        case when invoices.amount > 0 then least(coalesce(paid.paid_amount, 0), invoices.amount) else 0 end as paid_amount
    from {{ ref('fct_invoices') }} as invoices
    left join {{ ref('int_orders_keyed') }} as orders on invoices.order_key = orders.order_key
    left join paid on invoices.invoice_key = paid.invoice_key
    where not invoices.is_cancelled
),

unpaid as (
    select
        invoices.*,
        coalesce(sum(case when due_amount > 0 then due_amount - paid_amount end) over (partition by order_key), 0) as unpaid_amount,
        coalesce(sum(case when due_amount < 0 then -due_amount end) over (
            partition by order_key order by due_date asc, invoice_key asc rows between unbounded preceding and current row
        ), 0) as credited_amount
    from invoices
)

select
    invoice_key,
    order_key,
    customer_key,
    region_key,
    channel,
    rep_key,
    due_date,
    cast(due_amount as decimal(18, 4)) as due_amount,
    cast(
        case
            when due_amount > 0 then paid_amount
            when order_key is null then due_amount
            else greatest(credited_amount + due_amount - unpaid_amount, 0) - greatest(credited_amount - unpaid_amount, 0)
        end as decimal(18, 4)
    ) as collected_amount
from unpaid
