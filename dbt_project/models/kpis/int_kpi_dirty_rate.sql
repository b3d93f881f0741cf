with
judged as (
    select
        source,
        load_date,
        dirty_count,
        judged_count
    from {{ ref('trust_load_counts') }}
),

cells as (
    {{ kpi_cells('judged', 'load_date', {'source': 'source'}, 'sum(dirty_count)', 'sum(judged_count)') | indent(4) }}
)

{{ kpi_ratio('dirty_rate', 'cells', ['day', 'month']) }}
