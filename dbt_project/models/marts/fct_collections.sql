-- What was paid beyond an invoice is no payment of another one. A credit note belongs to the invoices of its order, whenever it
-- was written: it takes off what is still unpaid of them, the one due first first, and only what it gives back beyond that had
-- been collected. Nothing is due for an order that was cancelled, or that its source deleted. A note that names no order takes
-- nothing off, as nobody knows of what.
{%- set up_to_this -%}
partition by order_key order by due_date asc nulls last, invoice_key asc rows between unbounded preceding and current row
{%- endset %}
with
paid as (
    select
        invoice_key,
        sum(amount) as paid_amount
    from {{ ref('fct_payments') }}
    where paid_date <= {{ business_date() }}
    group by invoice_key
),

credited as (
    select
        order_key,
        sum(-amount) as credited_amount
    from {{ ref('fct_invoices') }}
    where amount < 0 and order_key is not null and coalesce(due_date, {{ business_date() }}) <= {{ business_date() }}
    group by order_key
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
        invoices.amount,
        least(greatest(coalesce(paid.paid_amount, 0), 0), invoices.amount) as paid_amount,
        coalesce(credited.credited_amount, 0) as credited_amount
    from {{ ref('fct_invoices') }} as invoices
    left join {{ ref('int_orders_keyed') }} as orders on invoices.order_key = orders.order_key
    left join paid on invoices.invoice_key = paid.invoice_key
    left join credited on invoices.order_key = credited.order_key
    where not invoices.is_cancelled and invoices.amount >= 0
),

ordered as (
    select
        *,
        sum(amount - paid_amount) over (partition by order_key) as unpaid_of_order,
        sum(amount - paid_amount) over ({{ up_to_this }}) - (amount - paid_amount) as unpaid_before,
        sum(paid_amount) over ({{ up_to_this }}) - paid_amount as paid_before
    from invoices
),

taken_off as (
    select
        *,
        least(greatest(credited_amount - unpaid_before, 0), amount - paid_amount) as forgiven_amount,
        least(greatest(credited_amount - unpaid_of_order - paid_before, 0), paid_amount) as refunded_amount
    from ordered
)

select
    invoice_key,
    order_key,
    customer_key,
    region_key,
    channel,
    rep_key,
    due_date,
    cast(amount - forgiven_amount - refunded_amount as decimal(18, 4)) as due_amount,
    cast(paid_amount - refunded_amount as decimal(18, 4)) as collected_amount
from taken_off
