-- Where the figure of an open alert is by now, beside what it was before its first breach, of rules that would go quiet without it: a
-- change is none a period later, and a band learns where the figure went. A change is held against the period before the first breach,
-- scaled from period to period as comparisons are; a band is the one of the first breach, which had not seen any of it, scaled to the
-- days of the period. So a holiday is no change. Days are followed by weekday and kind, as they are compared, those of a band by what they
-- are held against.
with
rules as (
    select
        rule_id,
        kind,
        metric_id,
        dimension_name,
        period_grain,
        direction,
        threshold_rate,
        threshold_pp
    from {{ ref('int_alert_rules_defined') }}
    where (kind = 'percent_change' and compared_with = 'previous') or kind = 'seasonal_band'
),

levels as (
    select
        periods.rule_id,
        periods.dimension_value,
        periods.period_start_date,
        periods.value,
        periods.compared_start_date,
        periods.compared_value,
        periods.lower_value,
        periods.upper_value,
        coalesce(periods.comparison_rate, 1) as comparison_rate,
        bands.effective_day_count,
        case
            when rules.kind = 'seasonal_band' then bands.reference_kind
            when rules.period_grain = 'day'
                then
                    kinds.period_kind || '|' || cast(kinds.holiday_number as {{ dbt.type_string() }}) || '|'
                    || cast(kinds.day_of_week as {{ dbt.type_string() }})
            else ''
        end as chain
    from {{ ref('int_alert_periods_judged') }} as periods
    inner join rules on periods.rule_id = rules.rule_id
    left join {{ ref('int_alert_bands_expected') }} as bands
        on
            -- a condition of one side alone would keep the join from being hashed
            case when rules.kind = 'seasonal_band' then rules.metric_id end = bands.metric_id
            and rules.period_grain = bands.period_grain
            and rules.dimension_name = bands.dimension_name
            and periods.dimension_value = bands.dimension_value
            and periods.period_start_date = bands.period_start_date
    left join {{ ref('int_alert_periods_followed') }} as kinds
        on
            case when rules.kind = 'percent_change' and rules.period_grain = 'day' then rules.metric_id end = kinds.metric_id
            and rules.period_grain = kinds.period_grain
            and rules.dimension_name = kinds.dimension_name
            and periods.dimension_value = kinds.dimension_value
            and periods.period_start_date = kinds.period_start_date
),

standing as (
    select
        *,
        {{ member_of_subject('known') }} as member
    from {{ ref('int_incident_subjects_known') }} as known
    where is_open and is_standing
),

followed as (
    select
        standing.incident_key,
        standing.subject_key,
        standing.rule_id,
        levels.chain,
        levels.period_start_date,
        levels.value,
        -- a kind of day that had none before the breach tells nothing of what the figure was
        case
            when levels.compared_start_date >= standing.first_period_start_date then null else levels.compared_value
        end as compared_value,
        levels.lower_value,
        levels.upper_value,
        levels.effective_day_count,
        -- beyond a band a figure that has gone where it is goes on being, so its time counts from the first breach
        case
            when
                levels.period_start_date > case
                    when rules.kind = 'seasonal_band' then standing.first_period_start_date else standing.period_start_date
                end then 1
            else 0
        end as is_later,
        sum(ln(cast(case when levels.comparison_rate > 0 then levels.comparison_rate else 1 end as double))) over (
            partition by standing.incident_key, standing.subject_key, levels.chain
            order by levels.period_start_date
            rows between unbounded preceding and current row
        ) as log_scale,
        row_number() over (
            partition by standing.incident_key, standing.subject_key, levels.chain
            order by levels.period_start_date asc
        ) as place_in_chain
    from standing
    inner join rules on standing.rule_id = rules.rule_id
    inner join levels
        on
            standing.rule_id = levels.rule_id
            and standing.member = levels.dimension_value
            and standing.first_period_start_date <= levels.period_start_date
),

newest as (
    select
        incident_key,
        subject_key,
        max(period_start_date) as period_start_date,
        cast(sum(is_later) as bigint) as later_count
    from followed
    group by incident_key, subject_key
),

beside as (
    select
        lasts.incident_key,
        lasts.subject_key,
        newest.later_count,
        cast(lasts.value as double) as value,
        case
            when rules.kind = 'seasonal_band'
                then
                    cast(case rules.direction when 'fall' then firsts.lower_value else firsts.upper_value end as double)
                    * lasts.effective_day_count / firsts.effective_day_count
            else cast(firsts.compared_value as double) * exp(lasts.log_scale - firsts.log_scale)
        end as base_value,
        rules.kind,
        rules.direction,
        rules.threshold_pp,
        cast(rules.threshold_rate as double) as threshold_rate,
        case rules.period_grain when 'day' then 28 when 'week' then 8 when 'month' then 3 else 2 end as patience
    from newest
    inner join followed as lasts
        on
            newest.incident_key = lasts.incident_key
            and newest.subject_key = lasts.subject_key
            and newest.period_start_date = lasts.period_start_date
    inner join followed as firsts
        on
            lasts.incident_key = firsts.incident_key
            and lasts.subject_key = firsts.subject_key
            and lasts.chain = firsts.chain
            and firsts.place_in_chain = 1
    inner join rules on lasts.rule_id = rules.rule_id
)

-- A change that has no such figure is held against nothing: it is neither back nor at a new level on that day.
select
    incident_key,
    subject_key,
    later_count,
    cast(value as decimal(28, 8)) as value,
    cast(base_value as decimal(28, 8)) as base_value,
    coalesce(case
        when kind = 'seasonal_band' and direction = 'fall' then value < base_value
        when kind = 'seasonal_band' then value > base_value
        when threshold_pp is not null and direction = 'fall' then 100 * (value - base_value) <= -threshold_pp
        when threshold_pp is not null then 100 * (value - base_value) >= threshold_pp
        when base_value = 0 then false
        when direction = 'fall' then (value - base_value) / abs(base_value) <= -threshold_rate
        else (value - base_value) / abs(base_value) >= threshold_rate
    end, kind = 'percent_change') as is_still_off,
    later_count >= patience and base_value is not null as is_new_level
from beside
