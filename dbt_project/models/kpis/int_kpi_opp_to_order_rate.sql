with
deals as (
    select
        deals.created_date,
        deals.region_key,
        deals.product_line,
        deals.owner_rep_key as rep_key,
        reps.team,
        deals.is_ordered_90d
    from {{ ref('fct_opportunities') }} as deals
    inner join {{ ref('dim_sales_reps') }} as reps on deals.owner_rep_key = reps.rep_key
),

cells as (
    {{ kpi_cells(
        'deals',
        'created_date',
        {'region': 'region_key', 'product_line': 'product_line', 'team': 'team', 'rep': 'rep_key'},
        'sum(case when is_ordered_90d then 1 else 0 end)',
        'count(*)',
    ) | indent(4) }}
)

-- A cohort is mature when its youngest deal has had its 90 days.
{{ kpi_ratio('opp_to_order_rate', 'cells', ['month', 'quarter'], maturity_days=90) }}
