-- Two ways to the same figure: net sales over all their lines and divided among customers and orders; what dealers sold
-- by their weeks and by the metric. A row is a figure that two models tell differently.
with
told as (
    select
        metric_id,
        period_grain,
        period_start_date,
        dimension_name,
        dimension_value,
        numerator,
        value
    from {{ ref('kpi_values') }}
),

sales as (
    select * from told
    where metric_id = 'net_sales'
),

weeks as (
    select
        week_start_date,
        sell_out_units
    from {{ ref('kpi_dealer_weeks') }}
    where dimension_name = 'total'
)

select
    divided.metric_id,
    divided.period_grain,
    divided.period_start_date,
    divided.dimension_name,
    divided.dimension_value,
    divided.numerator as told_here,
    sales.value as told_there
from told as divided
inner join sales
    on
        divided.period_grain = sales.period_grain
        and divided.period_start_date = sales.period_start_date
        and divided.dimension_name = sales.dimension_name
        and divided.dimension_value = sales.dimension_value
where
    divided.metric_id in ('revenue_per_customer', 'revenue_per_order', 'revenue_per_head')
    and divided.period_start_date <= {{ business_date() }}
    and divided.numerator <> sales.value
union all
select
    sold.metric_id,
    sold.period_grain,
    sold.period_start_date,
    sold.dimension_name,
    sold.dimension_value,
    sold.numerator as told_here,
    weeks.sell_out_units as told_there
from told as sold
inner join weeks on sold.period_start_date = weeks.week_start_date
where
    sold.metric_id = 'channel_sell_through_rate'
    and sold.dimension_name = 'total'
    and sold.numerator <> weeks.sell_out_units
