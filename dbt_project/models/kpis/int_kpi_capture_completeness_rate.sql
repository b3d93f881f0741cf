with
captured as (
    select
        month_start_date,
        source,
        event_channel,
        captured_count,
        captured_count + lost_count as judged_count
    from {{ ref('trust_capture') }}
),

cells as (
    {{ kpi_cells(
        'captured',
        'month_start_date',
        {'source': 'source', 'channel': 'event_channel'},
        'sum(captured_count)',
        'sum(judged_count)',
    ) | indent(4) }}
)

{{ kpi_ratio('capture_completeness_rate', 'cells', ['month']) }}
