select
    metric_id,
    cast(metric_number as bigint) as number,
    name_en,
    name_zh,
    formula,
    grain,
    unit,
    direction,
    aggregation,
    is_cohort,
    is_on_board,
    is_computed
from {{ ref('kpi_metrics_registry') }}
