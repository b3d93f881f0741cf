-- Every metric but the one about goals, which is computed from these; what a company's sources cannot give is left out.
with
united as (
    {% for model in kpi_models() %}
    select * from {{ ref(model) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    united.metric_id,
    united.period_grain,
    united.period_start_date,
    united.dimension_name,
    united.dimension_value,
    cast(united.numerator as decimal(28, 8)) as numerator,
    cast(united.denominator as decimal(28, 8)) as denominator,
    cast(united.value as decimal(28, 8)) as value,
    united.is_matured
from united
inner join {{ ref('stg_settings__metrics') }} as metrics
    on united.metric_id = metrics.metric_id and metrics.absent_reason_en is null
