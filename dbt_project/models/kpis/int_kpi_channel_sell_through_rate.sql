-- Dealers whose stock nobody counted lately are left out, with what they bought and sold; kpi_dealer_weeks says how many.
with
weeks as (
    select
        week_start_date,
        dealer_key,
        product_key,
        sell_out_units,
        -- of a book below zero nothing is left to sell
        greatest(opening_units + sell_in_units, 0) as available_units
    from {{ ref('fct_dealer_stock_weeks') }}
    where report_status = 'reported'
),

cells as (
    {{ kpi_cells(
        'weeks',
        'week_start_date',
        {'dealer': 'dealer_key', 'product': 'product_key'},
        'sum(sell_out_units)',
        'sum(available_units)',
    ) | indent(4) }}
)

{{ kpi_ratio('channel_sell_through_rate', 'cells', ['week'], sparse=['dealer', 'product']) }}
