with
-- An order that was paid before the deal was there did not come of it; one paid after the business date is not paid yet.
first_paid as (
    select
        orders.opportunity_key,
        min(coalesce(orders.paid_at, orders.ordered_at)) as first_paid_at
    from {{ ref('int_orders_keyed') }} as orders
    inner join {{ ref('fct_opportunities') }} as begun on orders.opportunity_key = begun.opportunity_key
    where
        {{ is_paid_order('orders') }}
        and coalesce(orders.paid_at, orders.ordered_at) >= begun.created_at
        and {{ business_date_of('coalesce(orders.paid_at, orders.ordered_at)') }} <= {{ business_date() }}
    group by orders.opportunity_key
),

deals as (
    select
        deals.created_date,
        deals.region_key,
        deals.product_line,
        deals.owner_rep_key as rep_key,
        reps.team,
        coalesce(
            {{ microseconds_between('deals.created_at', 'first_paid.first_paid_at') }} between 0 and 90 * {{ one_day() }}, false
        ) as is_ordered
    from {{ ref('fct_opportunities') }} as deals
    inner join {{ ref('dim_sales_reps') }} as reps on deals.owner_rep_key = reps.rep_key
    left join first_paid on deals.opportunity_key = first_paid.opportunity_key
),

cells as (
    {{ kpi_cells(
        'deals',
        'created_date',
        {'region': 'region_key', 'product_line': 'product_line', 'team': 'team', 'rep': 'rep_key'},
        'sum(case when is_ordered then 1 else 0 end)',
        'count(*)',
    ) | indent(4) }}
)

-- A cohort is mature when its youngest deal has had its 90 days.
{{ kpi_ratio('opp_to_order_rate', 'cells', ['month', 'quarter'], maturity_days=90) }}
