{%- set dimensions = {'region': 'region_key', 'product_line': 'product_line', 'team': 'team', 'rep': 'rep_key'} -%}
-- What a deal was thought to be worth on an earlier day is not known today: only the business date is computed.
with
deals as (
    select
        {{ business_date() }} as today,
        deals.region_key,
        deals.product_line,
        deals.owner_rep_key as rep_key,
        reps.team,
        -- A probability outside of 0 to 1 is no probability.
        deals.amount * least(greatest(coalesce(deals.probability_rate, 0), 0), 1) as weighted_amount
    from {{ ref('fct_opportunities') }} as deals
    inner join {{ ref('dim_sales_reps') }} as reps on deals.owner_rep_key = reps.rep_key
    where
        deals.opportunity_status = 'open'
        -- a deal that nobody has dated is there already
        and (deals.created_date is null or deals.created_date <= {{ business_date() }})
),

summed as (
    {{ kpi_grouped('deals', 'today', ['day'], dimensions, {
        'numerator': 'sum(weighted_amount)', 'denominator': 'cast(null as bigint)', 'value': 'sum(weighted_amount)',
    }) | indent(4) }}
)

{{ kpi_of_today('weighted_pipeline_amount', 'summed') }}
