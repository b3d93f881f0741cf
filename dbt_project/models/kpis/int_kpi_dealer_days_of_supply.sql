with
stock as (
    select
        {{ business_date() }} as today,
        dealer_key,
        product_key,
        stock_units,
        cast(window_sell_out_units as decimal(18, 8)) / window_days as daily_units
    from {{ ref('fct_dealer_stock') }}
    where not is_stale
),

summed as (
    {{ kpi_grouped('stock', 'today', ['day'], {'dealer': 'dealer_key', 'product': 'product_key'}, {
        'numerator': 'sum(stock_units)', 'denominator': 'greatest(sum(daily_units), 0)',
    }) | indent(4) }}
),

levels as (
    select
        summed.*,
        {{ ratio('numerator', 'denominator') }} as value
    from summed
)

{{ kpi_of_today('dealer_days_of_supply', 'levels') }}
