with
today as (
    select
        metric_id,
        period_grain,
        period_start_date,
        dimension_name,
        dimension_value,
        numerator,
        denominator,
        value
    from {{ ref('kpi_values') }}
    union all
    select told.* from {{ ref('int_levels_told') }} as told
),

compared as (
    select
        words.*,
        today.numerator as current_numerator,
        today.denominator as current_denominator,
        today.value as current_value,
        {{ says_the_same('words.original_', 'today.') }} as is_original,
        {{ says_the_same('words.last_', 'today.') }} as is_known,
        tonight.rules as current_rules
    from {{ ref('int_kpi_words_compared') }} as words
    left join today
        on
            words.metric_id = today.metric_id
            and words.period_grain = today.period_grain
            and words.period_start_date = today.period_start_date
            and words.dimension_name = today.dimension_name
            and words.dimension_value = today.dimension_value
    left join {{ ref('stg_ledger__rules') }} as tonight on true
)

select
    metric_id,
    period_grain,
    period_start_date,
    dimension_name,
    dimension_value,
    original_numerator,
    original_denominator,
    original_value,
    original_business_date,
    original_as_of,
    current_numerator,
    current_denominator,
    current_value,
    cast(current_value - original_value as decimal(28, 8)) as difference_value,
    case when is_known then last_as_of else {{ as_of() }} end as restated_at,
    cast(change_count + case when is_known then 0 else 1 end as integer) as restatement_count,
    coalesce(original_rules <> case when is_known then last_rules else current_rules end, false) as is_rule_change
from compared
where not is_original
