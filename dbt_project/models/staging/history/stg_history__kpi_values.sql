select
    metric_id,
    period_grain,
    period_start_date,
    dimension_name,
    dimension_value,
    cast(numerator as decimal(28, 8)) as numerator,
    cast(denominator as decimal(28, 8)) as denominator,
    cast(value as decimal(28, 8)) as value,
    is_gone,
    rules,
    version,
    business_date,
    as_of
from {{ source('history', 'kpi_values') }}
