{%- set metrics = [
    'net_sales', 'lead_conversion_rate', 'win_rate', 'win_cycle_days', 'stage_loss_rate', 'stage_dwell_days',
    'entry_within_24h_rate',
] -%}
-- One model for each metric; a new metric is a new model and its name in this list.
with
united as (
    {% for metric in metrics %}
    select * from {{ ref('int_kpi_' ~ metric) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    metric_id,
    period_grain,
    period_start_date,
    dimension_name,
    dimension_value,
    cast(numerator as decimal(28, 8)) as numerator,
    cast(denominator as decimal(28, 8)) as denominator,
    cast(value as decimal(28, 8)) as value,
    {{ as_of() }} as as_of,
    is_matured
from united
