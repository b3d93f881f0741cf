-- A deal that comes back to a stage brings its second stay with it and is still one deal; in all, its days in every stage that
-- it entered in the month. A stay whose end nobody knows is left out.
with
stays as (
    select * from {{ ref('fct_opportunity_stage_events') }}
    where dwell_days is not null and entered_date <= {{ business_date() }}
),

by_deal as (
    select
        opportunity_key,
        stage,
        cast(date_trunc('month', entered_date) as date) as entered_month,
        sum(dwell_days) as dwell_days
    from stays
    group by opportunity_key, stage, cast(date_trunc('month', entered_date) as date)
),

stalled as (
    select
        entered_date,
        stage,
        case when is_stalled then 1 else 0 end as is_stalled
    from stays
),

stalled_cells as (
    {{ kpi_cells('stalled', 'entered_date', {'stage': 'stage'}, 'sum(is_stalled)', 'count(*)') | indent(4) }}
),

cells as (
    select
        entered_month as cell_date,
        'stage' as dimension_name,
        stage as dimension_value,
        sum(dwell_days) as numerator,
        count(*) as denominator
    from by_deal
    group by entered_month, stage
    union all
    select
        entered_month as cell_date,
        'total' as dimension_name,
        'total' as dimension_value,
        sum(dwell_days) as numerator,
        count(distinct opportunity_key) as denominator
    from by_deal
    group by entered_month
)

-- A month of entries is mature when its youngest stay has had thirty days; stays that are longer go on counting.
{{ kpi_ratio('stage_dwell_days', 'cells', ['month'], maturity_days=30) }}
union all
{{ kpi_ratio('stage_stalled_rate', 'stalled_cells', ['month'], maturity_days=30) }}
