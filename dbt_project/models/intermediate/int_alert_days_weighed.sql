-- Who sells on workdays alone has half the days in half a week; who sells on any day has all of them. What a day off brings beside
-- a workday is told by the half year and a week (189 days) that end with a day, what a holiday does by 400 days, so that every holiday
-- of a year is among them. A product has months alone, which are weighed by the days of its product line.
with
asked as (
    select distinct
        metric_id,
        {{ told_by_days('metric_id') }} as daily_metric_id,
        {{ weighed_by('dimension_name') }} as dimension_name
    from {{ ref('int_alert_rules_defined') }}
    where is_additive and kind <> 'pace_behind_target' and period_grain <> 'day'
),

days as (
    select
        asked.metric_id,
        kpis.dimension_name,
        kpis.dimension_value,
        kpis.period_start_date as date_day,
        case when dates.is_workday then kpis.value else 0 end as workday_value,
        case when dates.is_workday or dates.is_holiday then 0 else kpis.value end as off_day_value,
        case when dates.is_holiday and not dates.is_workday then kpis.value else 0 end as holiday_value,
        case when dates.is_workday then 1 else 0 end as is_worked,
        case when dates.is_holiday and not dates.is_workday then 1 else 0 end as is_holiday
    from {{ ref('kpi_values') }} as kpis
    inner join asked on kpis.metric_id = asked.daily_metric_id and kpis.dimension_name = asked.dimension_name
    inner join {{ ref('dim_dates') }} as dates on kpis.period_start_date = dates.date_day
    where kpis.period_grain = 'day'
),

{%- set half_year -%}
over (
    partition by metric_id, dimension_name, dimension_value order by date_day rows between 188 preceding and current row
)
{%- endset %}
{%- set year = half_year | replace('188', '399') %}

summed as (
    select
        metric_id,
        dimension_name,
        dimension_value,
        date_day,
        cast(sum(workday_value) {{ half_year }} as double) / nullif(sum(is_worked) {{ half_year }}, 0) as workday_amount,
        cast(sum(off_day_value) {{ half_year }} as double)
        / nullif(sum(1 - is_worked - is_holiday) {{ half_year }}, 0) as off_day_amount,
        cast(sum(workday_value) {{ year }} as double) / nullif(sum(is_worked) {{ year }}, 0) as year_workday_amount,
        cast(sum(holiday_value) {{ year }} as double) / nullif(sum(is_holiday) {{ year }}, 0) as holiday_amount,
        sum(is_holiday) {{ year }} as holiday_count
    from days
),

weighed as (
    select
        summed.*,
        {{ off_day_weight('workday_amount', 'off_day_amount') }} as off_day_weight
    from summed
),

final as (
    select
        metric_id,
        dimension_name,
        dimension_value,
        date_day,
        off_day_weight,
        {{ holiday_weight('year_workday_amount', 'holiday_amount', 'holiday_count', 'off_day_weight') }} as holiday_weight
    from weighed
),

of_products as (
    select distinct metric_id
    from {{ ref('int_alert_rules_defined') }}
    where is_additive and dimension_name = 'product'
)

select * from final
union all
select
    final.metric_id,
    'product' as dimension_name,
    products.product_key as dimension_value,
    final.date_day,
    final.off_day_weight,
    final.holiday_weight
from final
inner join of_products on final.metric_id = of_products.metric_id
inner join {{ ref('dim_products') }} as products on final.dimension_value = products.product_line
where final.dimension_name = 'product_line' and final.date_day = cast({{ dbt.last_day('final.date_day', 'month') }} as date)
