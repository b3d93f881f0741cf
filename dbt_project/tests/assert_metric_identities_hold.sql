{%- set figures = {'numerator': 'sell_out_units', 'denominator': 'available_units', 'value': 'sell_through_rate'} -%}
-- What follows from two figures is the third: customers, orders or heads times the revenue of each are net sales, goods that
-- came back are the same by metric and by cohort, what a head won is the deals that it closed times the share won times the
-- amount of each, and the board has every metric that the registry puts on it. Two ways to one figure lead to it: net sales
-- over all their lines and divided, what dealers sold by their weeks and by the metric, in total and of each. A row is a figure that
-- does not follow.
with
told as (
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
),

multiplied as (
    select
        divided.metric_id,
        divided.period_grain,
        divided.period_start_date,
        divided.dimension_value,
        cast(divided.value as double) * cast(divided.denominator as double) as told_here,
        cast(sales.value as double) as told_there
    from told as divided
    inner join told as sales
        on
            divided.period_grain = sales.period_grain
            and divided.period_start_date = sales.period_start_date
            and divided.dimension_name = sales.dimension_name
            and divided.dimension_value = sales.dimension_value
            and sales.metric_id = 'net_sales'
    where divided.metric_id in ('revenue_per_customer', 'revenue_per_order', 'revenue_per_head')
),

-- The same net sales, summed over all their lines and divided: equal as they are, not within what doubles can hold.
divided as (
    select
        divided.metric_id,
        divided.period_grain,
        divided.period_start_date,
        divided.dimension_value,
        divided.numerator as told_here,
        sales.value as told_there
    from told as divided
    inner join told as sales
        on
            divided.period_grain = sales.period_grain
            and divided.period_start_date = sales.period_start_date
            and divided.dimension_name = sales.dimension_name
            and divided.dimension_value = sales.dimension_value
            and sales.metric_id = 'net_sales'
    where
        divided.metric_id in ('revenue_per_customer', 'revenue_per_order', 'revenue_per_head')
        and divided.period_start_date <= {{ business_date() }}
),

sold_out as (
    {% for ours, theirs in figures.items() %}
    select
        sold.metric_id,
        sold.period_grain,
        sold.period_start_date,
        sold.dimension_value,
        sold.{{ ours }} as told_here,
        weeks.{{ theirs }} as told_there
    from told as sold
    inner join {{ ref('kpi_dealer_weeks') }} as weeks
        on
            sold.period_start_date = weeks.week_start_date
            and sold.dimension_name = weeks.dimension_name
            and sold.dimension_value = weeks.dimension_value
    where sold.metric_id = 'channel_sell_through_rate' and sold.dimension_name in ('total', 'dealer')
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

exact_pairs as (
    select * from divided
    union all
    select * from sold_out
),

cohorts as (
    select
        rates.metric_id,
        rates.period_grain,
        rates.period_start_date,
        rates.dimension_value,
        cast(rates.numerator as double) as returned_here,
        cast(returned.returned_unit_count as double) as returned_there,
        cast(rates.denominator as double) as sold_here,
        cast(returned.sold_unit_count as double) as sold_there
    from told as rates
    inner join {{ ref('kpi_return_rates') }} as returned
        on
            rates.period_grain = returned.period_grain
            and rates.period_start_date = returned.period_start_date
            and rates.dimension_value = returned.region_key
    where rates.metric_id = 'return_rate' and rates.dimension_name = 'region'
),

came_back as (
    {% for units in ['returned', 'sold'] %}
    select
        metric_id,
        period_grain,
        period_start_date,
        dimension_value,
        {{ units }}_here as told_here,
        {{ units }}_there as told_there
    from cohorts
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

won as (
    select
        rates.metric_id,
        rates.period_grain,
        rates.period_start_date,
        rates.dimension_value,
        cast(regions.closed_count as double) * regions.day_count / cast(regions.fte_days as double)
        * cast(rates.value as double) * cast(regions.won_amount as double) / regions.won_count as told_here,
        cast(regions.won_per_head_amount as double) as told_there
    from told as rates
    inner join {{ ref('kpi_region_productivity') }} as regions
        on
            rates.period_grain = regions.period_grain
            and rates.period_start_date = regions.period_start_date
            and rates.dimension_value = regions.region_key
    where rates.metric_id = 'win_rate' and rates.dimension_name = 'region' and regions.won_count > 0 and regions.fte_days > 0
),

sold_by_head as (
    select
        heads.metric_id,
        heads.period_grain,
        heads.period_start_date,
        heads.dimension_value,
        cast(heads.value as double) as told_here,
        cast(regions.net_sales_per_head_amount as double) as told_there
    from told as heads
    inner join {{ ref('kpi_region_productivity') }} as regions
        on
            heads.period_grain = regions.period_grain
            and heads.period_start_date = regions.period_start_date
            and heads.dimension_value = regions.region_key
    where heads.metric_id = 'revenue_per_head' and heads.dimension_name = 'region'
),

pairs as (
    select * from multiplied
    union all
    select * from came_back
    union all
    select * from won
    union all
    select * from sold_by_head
),

registry as (
    select * from {{ ref('kpi_metrics') }}
    where is_on_board
)

select
    metric_id,
    period_grain,
    period_start_date,
    dimension_value,
    told_here,
    told_there
from pairs
where abs(told_here - told_there) > 0.001 + 0.000001 * abs(told_there)
union all
select
    metric_id,
    period_grain,
    period_start_date,
    dimension_value,
    cast(told_here as double) as told_here,
    cast(told_there as double) as told_there
from exact_pairs
where told_here is distinct from told_there
union all
select
    coalesce(registry.metric_id, board.metric_id) as metric_id,
    'board' as period_grain,
    cast(null as date) as period_start_date,
    'total' as dimension_value,
    cast(null as double) as told_here,
    cast(null as double) as told_there
from registry
full outer join {{ ref('kpi_board') }} as board on registry.metric_id = board.metric_id
where registry.metric_id is null or board.metric_id is null
