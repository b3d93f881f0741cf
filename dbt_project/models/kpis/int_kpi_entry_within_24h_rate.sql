with
touchpoints as (
    select
        touchpoints.occurred_date,
        touchpoints.rep_key,
        reps.team,
        touchpoints.channel,
        touchpoints.is_entered_within_24h
    from {{ ref('fct_touchpoints') }} as touchpoints
    inner join {{ ref('dim_sales_reps') }} as reps on touchpoints.rep_key = reps.rep_key
    where touchpoints.is_entered_within_24h is not null
),

cells as (
    {{ kpi_cells(
        'touchpoints',
        'occurred_date',
        {'rep': 'rep_key', 'team': 'team', 'channel': 'channel'},
        'sum(case when is_entered_within_24h then 1 else 0 end)',
        'count(*)',
    ) | indent(4) }}
)

{{ kpi_ratio('entry_within_24h_rate', 'cells', ['week', 'month']) }}
