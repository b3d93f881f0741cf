{%- set key = ['metric_id', 'period_grain', 'period_start_date', 'dimension_name', 'dimension_value'] -%}
with
said as (
    select words.*
    from {{ ref('stg_history__kpi_values') }} as words
    left join {{ ref('kpi_metrics') }} as metrics on words.metric_id = metrics.metric_id
    -- The night after has no level of the day before, and takes nothing back with that.
    where not (words.is_gone and words.period_grain = 'day' and coalesce(metrics.aggregation = 'latest', false))
),

words as (
    select
        *,
        row_number() over (partition by {{ key | join(', ') }} order by version) as word_number,
        row_number() over (partition by {{ key | join(', ') }} order by version desc) as place_from_last
    from said
),

firsts as (
    select * from words
    where word_number = 1
),

lasts as (
    select * from words
    where place_from_last = 1
)

select
    firsts.metric_id,
    firsts.period_grain,
    firsts.period_start_date,
    firsts.dimension_name,
    firsts.dimension_value,
    firsts.numerator as original_numerator,
    firsts.denominator as original_denominator,
    firsts.value as original_value,
    firsts.as_of as original_as_of,
    firsts.business_date as original_business_date,
    firsts.rules as original_rules,
    lasts.numerator as last_numerator,
    lasts.denominator as last_denominator,
    lasts.value as last_value,
    lasts.as_of as last_as_of,
    lasts.rules as last_rules,
    lasts.word_number - 1 as change_count
from firsts
inner join lasts
    on {{ same_key('firsts', 'lasts', key) }}
-- A business date that is refreshed again has nothing to say of what was told after it.
where lasts.business_date <= {{ business_date() }}
