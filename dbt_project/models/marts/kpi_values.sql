-- A period is compared with the one before it and with the same one a year ago, where there are such. What is a quotient is
-- compared as one, not as its eight published places: of a small one they are too few.
with
listed as (
    select * from {{ ref('int_kpi_values') }}
    union all
    select * from {{ ref('int_kpi_quota_attainment') }}
),

united as (
    select
        listed.*,
        case
            when value = {{ ratio('numerator', 'denominator') }}
                then cast(numerator as double) / nullif(cast(denominator as double), 0)
            else cast(value as double)
        end as exact_value
    from listed
),

rates as (
    select
        metric_id,
        unit = 'rate' as is_rate
    from {{ ref('stg_settings__metrics') }}
),

compared as (
    select
        united.*,
        {{ period_end_of('united.period_grain', 'united.period_start_date') }} as period_end_date,
        before.value as previous_value,
        before.exact_value as exact_previous_value,
        year_before.value as year_before_value,
        year_before.exact_value as exact_year_before_value,
        coalesce(rates.is_rate, false) as is_rate
    from united
    left join rates on united.metric_id = rates.metric_id
    left join united as before
        on
            united.metric_id = before.metric_id
            and united.period_grain = before.period_grain
            and united.dimension_name = before.dimension_name
            and united.dimension_value = before.dimension_value
            and {{ period_before('united.period_grain', 'united.period_start_date') }} = before.period_start_date
    left join united as year_before
        on
            united.metric_id = year_before.metric_id
            and united.period_grain = year_before.period_grain
            and united.dimension_name = year_before.dimension_name
            and united.dimension_value = year_before.dimension_value
            and {{ period_year_before('united.period_grain', 'united.period_start_date') }} = year_before.period_start_date
)

select
    metric_id,
    period_grain,
    period_start_date,
    period_end_date,
    dimension_name,
    dimension_value,
    numerator,
    denominator,
    value,
    previous_value,
    {{ ratio('exact_value - exact_previous_value', 'abs(exact_previous_value)') }} as change_rate,
    case when is_rate then cast(100 * (exact_value - exact_previous_value) as decimal(28, 8)) end as change_pp,
    year_before_value,
    {{ ratio('exact_value - exact_year_before_value', 'abs(exact_year_before_value)') }} as year_change_rate,
    case when is_rate then cast(100 * (exact_value - exact_year_before_value) as decimal(28, 8)) end as year_change_pp,
    {{ as_of() }} as as_of,
    is_matured
from compared
