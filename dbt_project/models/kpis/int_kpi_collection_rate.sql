-- What was paid beyond an invoice is no payment of another one.
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
        reps.team,
        reps.rep_key,
        invoices.amount as due_amount,
        least(coalesce(paid.paid_amount, 0), invoices.amount) as collected_amount
    from {{ ref('fct_invoices') }} as invoices
    left join {{ ref('int_orders_keyed') }} as orders on invoices.order_key = orders.order_key
    inner join {{ ref('dim_sales_reps') }} as reps on coalesce(orders.rep_key, 'unknown') = reps.rep_key
    left join paid on invoices.invoice_key = paid.invoice_key
    where not coalesce(orders.is_cancelled, false)
),

cells as (
    {{ kpi_cells(
        'invoices',
        'due_date',
        {'region': 'region_key', 'team': 'team', 'rep': 'rep_key'},
        'sum(collected_amount)',
        'sum(due_amount)',
    ) | indent(4) }}
)

{{ kpi_ratio('collection_rate', 'cells', ['month', 'quarter']) }}
