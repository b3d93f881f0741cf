select *
from {{ ref('kpi_funnel') }}
where entered_count <> advanced_count + lost_count + open_count
