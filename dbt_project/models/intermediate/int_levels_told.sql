{%- set key = ['metric_id', 'period_grain', 'period_start_date', 'dimension_name', 'dimension_value'] -%}
-- A level is worked out for the business date alone; what it was on an earlier day is the last word that was published of it. That
-- there was nothing to divide by is a word, too.
with
said as (
    select words.*
    from {{ ref('stg_history__kpi_values') }} as words
    inner join {{ ref('kpi_metrics') }} as metrics on words.metric_id = metrics.metric_id
    where
        metrics.aggregation = 'latest'
        and words.period_grain = 'day'
        and words.period_start_date < {{ business_date() }}
        and not words.is_gone
),

lasts as (
    select
        {{ key | join(', ') }},
        max(version) as version
    from said
    group by {{ key | join(', ') }}
)

select
    said.metric_id,
    said.period_grain,
    said.period_start_date,
    said.dimension_name,
    said.dimension_value,
    said.numerator,
    said.denominator,
    said.value
from said
inner join lasts on {{ same_key('said', 'lasts', key + ['version']) }}
