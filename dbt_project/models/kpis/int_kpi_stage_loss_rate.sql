-- Only exits that decide count: a deal still open or sent back to an earlier stage is in neither number.
with
exits as (
    select * from {{ ref('fct_opportunity_stage_events') }}
    where exit_type in ('advanced', 'moved', 'won', 'lost')
),

cells as (
    {{ kpi_cells(
        'exits',
        'left_date',
        {'stage': 'stage'},
        "sum(case when exit_type = 'lost' then 1 else 0 end)",
        'count(*)',
    ) | indent(4) }}
)

{{ kpi_ratio('stage_loss_rate', 'cells', ['month']) }}
