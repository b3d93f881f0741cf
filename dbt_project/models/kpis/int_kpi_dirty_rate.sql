with
judged as (
    select
        counts.source,
        {{ business_date_of('loads.extracted_at') }} as load_date,
        counts.dirty_count,
        counts.accepted_count + counts.folded_count + counts.quarantined_count as judged_count
    from {{ ref('stg_ledger__row_counts') }} as counts
    inner join {{ ref('stg_ledger__loads') }} as loads
        on counts.source = loads.source and counts.load_id = loads.load_id
),

cells as (
    {{ kpi_cells('judged', 'load_date', {'source': 'source'}, 'sum(dirty_count)', 'sum(judged_count)') | indent(4) }}
)

{{ kpi_ratio('dirty_rate', 'cells', ['day', 'month']) }}
