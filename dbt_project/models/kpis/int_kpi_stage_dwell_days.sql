-- A deal that comes back to a stage brings its second stay with it and is still one deal.
with
by_deal as (
    select
        opportunity_key,
        stage,
        cast(date_trunc('month', entered_date) as date) as entered_month,
        sum(dwell_days) as dwell_days
    from {{ ref('fct_opportunity_stage_events') }}
    group by opportunity_key, stage, cast(date_trunc('month', entered_date) as date)
),

cells as (
    select
        entered_month as cell_date,
        'stage' as dimension_name,
        stage as dimension_value,
        sum(dwell_days) as numerator,
        count(*) as denominator
    from by_deal
    where entered_month is not null
    group by entered_month, stage
)

{{ kpi_ratio('stage_dwell_days', 'cells', ['month']) }}
