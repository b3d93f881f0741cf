with
visits as (
    select
        visits.started_date,
        visits.ended_at,
        visits.rep_key,
        reps.team
    from {{ ref('fct_visits') }} as visits
    inner join {{ ref('dim_sales_reps') }} as reps on visits.rep_key = reps.rep_key
),

cells as (
    {{ kpi_cells(
        'visits',
        'started_date',
        {'rep': 'rep_key', 'team': 'team'},
        'sum(case when ended_at is not null then 1 else 0 end)',
        'count(*)',
    ) | indent(4) }}
)

{{ kpi_ratio('visit_completion_rate', 'cells', ['week', 'month']) }}
