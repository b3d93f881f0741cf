-- A deal that comes back to a stage brings its second stay with it and is still one deal; in all, its days in every stage that
-- it entered in the month. A stay whose end nobody knows is left out.
with
stays as (
    select * from {{ ref('fct_opportunity_stage_events') }}
    where dwell_days is not null and entered_date <= {{ business_date() }}
),

by_deal as (
    select
        opportunity_key,
        stage,
        cast(date_trunc('month', entered_date) as date) as entered_month,
        sum(dwell_days) as dwell_days
    from stays
    group by opportunity_key, stage, cast(date_trunc('month', entered_date) as date)
),

stalled as (
    select
        entered_date,
        stage,
        case when is_stalled then 1 else 0 end as is_stalled
    from stays
),

stalled_cells as (
    {{ kpi_cells('stalled', 'entered_date', {'stage': 'stage'}, 'sum(is_stalled)', 'count(*)') | indent(4) }}
),

cells as (
    select
        entered_month as cell_date,
        'stage' as dimension_name,
        stage as dimension_value,
        sum(dwell_days) as numerator,
        count(*) as denominator
    from by_deal
    group by entered_month, stage
    union all
    select
        entered_month as cell_date,
        'total' as dimension_name,
        'total' as dimension_value,
        sum(dwell_days) as numerator,
        count(distinct opportunity_key) as denominator
    from by_deal
    group by entered_month
),

stalled_rates as (
    {{ kpi_ratio('stage_stalled_rate', 'stalled_cells', ['month']) | indent(4) }}
),

limits as (
    select * from {{ ref('stg_settings__stall_limits') }}
),

-- How long the stays of each stage may last, by the schedules of those who answer for them.
allowed as (
    select distinct
        stays.stage,
        stays.schedule_id,
        coalesce(own.limit_type, general.limit_type) as limit_type,
        coalesce(own.limit_days, general.limit_days) as limit_days
    from stays
    left join limits as own on stays.stage = own.stage
    left join limits as general on general.stage = '*'
),

months as (
    select distinct
        period_start_date,
        {{ period_end('month', 'period_start_date') }} as period_end_date
    from stalled_rates
),

-- A stay that began on the last day of the month is too long on the day after its limit; until then it may become so.
waiting as (
    select distinct
        months.period_start_date,
        allowed.stage
    from months
    cross join allowed
    left join {{ ref('dim_calendar_hours') }} as ended
        on allowed.schedule_id = ended.schedule_id and months.period_end_date = ended.date_day
    left join {{ ref('dim_calendar_hours') }} as today
        on allowed.schedule_id = today.schedule_id and today.date_day = {{ business_date() }}
    where case allowed.limit_type
        when 'business' then coalesce({{ business_days_between('ended', 'today') }}, 0) <= allowed.limit_days
        else {{ dbt.datediff('months.period_end_date', business_date(), 'day') }} <= allowed.limit_days
    end
)

-- Days in stage are told from thirty days after the month on, and go on to rise while a stay lasts.
{{ kpi_ratio('stage_dwell_days', 'cells', ['month'], maturity_days=30) }}
union all
select
    metric_id,
    period_grain,
    period_start_date,
    dimension_name,
    dimension_value,
    numerator,
    denominator,
    value,
    is_matured and not exists (
        select 1 from waiting
        where
            waiting.period_start_date = stalled_rates.period_start_date
            and (stalled_rates.dimension_name = 'total' or waiting.stage = stalled_rates.dimension_value)
    ) as is_matured
from stalled_rates
