-- A level is worked out for the business date alone; what it was on an earlier day is what was published then.
select
    said.metric_id,
    said.period_grain,
    said.period_start_date,
    said.dimension_name,
    said.dimension_value,
    max_by(said.numerator, said.version) as numerator,
    max_by(said.denominator, said.version) as denominator,
    max_by(said.value, said.version) as value
from {{ ref('stg_history__kpi_values') }} as said
inner join {{ ref('kpi_metrics') }} as metrics on said.metric_id = metrics.metric_id
where
    metrics.aggregation = 'latest'
    and said.period_grain = 'day'
    and said.period_start_date < {{ business_date() }}
    and not said.is_gone
group by said.metric_id, said.period_grain, said.period_start_date, said.dimension_name, said.dimension_value
