with
answers as (
    select
        answered_date,
        dealer_key,
        score_rate
    from {{ ref('fct_satisfaction_scores') }}
    where score_rate is not null
),

cells as (
    {{ kpi_cells('answers', 'answered_date', {'dealer': 'dealer_key'}, 'sum(score_rate)', 'count(*)') | indent(4) }}
)

{{ kpi_ratio('satisfaction_score', 'cells', ['month']) }}
