{#- What net sales are divided by, each with the dimensions that both have. -#}
{%- set divided = {
    'revenue_per_customer': ['total', 'region', 'channel'],
    'revenue_per_order': ['total', 'region', 'channel'],
    'revenue_per_head': ['total', 'region'],
} -%}
{#- So far back go kpi_return_rates, in complete periods, and kpi_region_productivity, in months. -#}
{%- set judged, tomorrow = {'week': 26, 'month': 6}, '(' ~ business_date() ~ ' + 1)' -%}
{%- set this_month = "cast(date_trunc('month', " ~ business_date() ~ ") as date)" -%}
{%- set first_month = "cast(" ~ dbt.dateadd('month', -12, this_month) ~ " as date)" -%}
{%- set regions = {'won': 'win_rate', 'heads': 'revenue_per_head'} -%}
-- What follows from two figures is the third: customers, orders or heads times the revenue of each are net sales, goods that
-- came back are the same by metric and by cohort, what a head won is the deals that it closed times the share won times the
-- amount of each, and the board has every metric that the registry puts on it. Two ways to one figure lead to it: net sales
-- over all their lines and divided, what dealers sold by their weeks and by the metric, in total and of each. A figure that one
-- side lacks is 0 there, so that a side that is not there at all is a row as well; a metric that is absent for a reason is
-- asked nothing. A row is a figure that does not follow.
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
    where period_start_date <= {{ business_date() }}
),

absent as (
    select metric_id from {{ ref('kpi_metrics') }}
    where not is_available
),

sales as (
    {% for metric, dimensions in divided.items() %}
    select
        '{{ metric }}' as metric_id,
        period_grain,
        period_start_date,
        dimension_name,
        dimension_value,
        value as amount
    from told
    where
        metric_id = 'net_sales'
        and period_grain in ('month', 'quarter')
        and dimension_name in ('{{ dimensions | join("', '") }}')
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

shares as (
    select * from told
    where metric_id in ('{{ divided | join("', '") }}')
),

shared as (
    select
        coalesce(shares.metric_id, sales.metric_id) as metric_id,
        coalesce(shares.period_grain, sales.period_grain) as period_grain,
        coalesce(shares.period_start_date, sales.period_start_date) as period_start_date,
        coalesce(shares.dimension_value, sales.dimension_value) as dimension_value,
        shares.numerator,
        case
            when shares.denominator <> 0 then cast(coalesce(shares.value, 0) as double) * cast(shares.denominator as double)
        end as product,
        sales.amount
    from shares
    full outer join sales
        on
            shares.metric_id = sales.metric_id
            and shares.period_grain = sales.period_grain
            and shares.period_start_date = sales.period_start_date
            and shares.dimension_name = sales.dimension_name
            and shares.dimension_value = sales.dimension_value
    where not exists (
        select 1 from absent
        where absent.metric_id in ('net_sales', coalesce(shares.metric_id, sales.metric_id))
    )
),

cohorts as (
    select
        coalesce(rates.period_grain, returned.period_grain) as period_grain,
        coalesce(rates.period_start_date, returned.period_start_date) as period_start_date,
        coalesce(rates.dimension_value, returned.region_key) as dimension_value,
        rates.numerator as numerator_here,
        returned.returned_unit_count as numerator_there,
        rates.denominator as denominator_here,
        returned.sold_unit_count as denominator_there
    from (
        {% for grain, count in judged.items() %}
        select * from told
        where
            metric_id = 'return_rate'
            and dimension_name = 'region'
            and period_grain = '{{ grain }}'
            and {{ dbt.datediff('period_start_date', tomorrow, grain) }} between 1 and {{ count }}
        {{ "union all" if not loop.last }}  -- noqa: LT02
        {% endfor %}
    ) as rates
    full outer join {{ ref('kpi_return_rates') }} as returned
        on
            rates.period_grain = returned.period_grain
            and rates.period_start_date = returned.period_start_date
            and rates.dimension_value = returned.region_key
    where not exists (
        select 1 from absent
        where absent.metric_id = 'return_rate'
    )
),

sold_out as (
    select
        coalesce(sold.period_start_date, weeks.week_start_date) as period_start_date,
        coalesce(sold.dimension_value, weeks.dimension_value) as dimension_value,
        sold.numerator as numerator_here,
        weeks.sell_out_units as numerator_there,
        sold.denominator as denominator_here,
        weeks.available_units as denominator_there,
        sold.value as value_here,
        weeks.sell_through_rate as value_there
    from (
        select * from told
        where metric_id = 'channel_sell_through_rate' and dimension_name in ('total', 'dealer')
    ) as sold
    full outer join (
        select * from {{ ref('kpi_dealer_weeks') }}
        where dimension_name in ('total', 'dealer') and week_start_date <= {{ business_date() }}
    ) as weeks
        on
            sold.period_start_date = weeks.week_start_date
            and sold.dimension_name = weeks.dimension_name
            and sold.dimension_value = weeks.dimension_value
    where not exists (
        select 1 from absent
        where absent.metric_id = 'channel_sell_through_rate'
    )
),

monthly as (
    select * from {{ ref('kpi_region_productivity') }}
    where period_grain = 'month'
),

{% for name, metric in regions.items() %}
{{ name }} as (
    select
        coalesce(rates.period_start_date, regions.period_start_date) as period_start_date,
        coalesce(rates.dimension_value, regions.region_key) as dimension_value,
        rates.numerator,
        rates.denominator,
        rates.value,
        regions.net_sales_amount,
        regions.closed_count,
        regions.won_count,
        regions.won_with_amount_count,
        regions.won_amount,
        regions.day_count,
        regions.fte_days,
        regions.won_per_head_amount,
        regions.net_sales_per_head_amount
    from (
        select * from told
        where
            metric_id = '{{ metric }}'
            and dimension_name = 'region'
            and period_grain = 'month'
            and period_start_date >= {{ first_month }}
    ) as rates
    full outer join monthly as regions
        on rates.period_start_date = regions.period_start_date and rates.dimension_value = regions.region_key
    -- without sellers' regions and positions there is nobody to divide by
    where not exists (
        select 1 from absent
        where absent.metric_id in ('{{ metric }}', 'revenue_per_head')
    )
),

{% endfor %}
-- Counts and sums: equal as they are.
exact_pairs as (
    select
        metric_id,
        period_grain,
        period_start_date,
        dimension_value,
        numerator as told_here,
        amount as told_there
    from shared
    {% for figure in ['numerator', 'denominator'] %}
    union all
    select
        'return_rate' as metric_id,
        period_grain,
        period_start_date,
        dimension_value,
        {{ figure }}_here as told_here,
        {{ figure }}_there as told_there
    from cohorts
    {% endfor %}
    {% for figure in ['numerator', 'denominator', 'value'] %}
    union all
    select
        'channel_sell_through_rate' as metric_id,
        'week' as period_grain,
        period_start_date,
        dimension_value,
        {{ figure }}_here as told_here,
        {{ figure }}_there as told_there
    from sold_out
    {% endfor %}
    {% for figure, counted in {'numerator': 'won_count', 'denominator': 'closed_count'}.items() %}
    union all
    select
        'win_rate' as metric_id,
        'month' as period_grain,
        period_start_date,
        dimension_value,
        {{ figure }} as told_here,
        {{ counted }} as told_there
    from won
    {% endfor %}
    union all
    select
        'revenue_per_head' as metric_id,
        'month' as period_grain,
        period_start_date,
        dimension_value,
        numerator as told_here,
        net_sales_amount as told_there
    from heads
),

-- Quotients: equal within what their published places hold.
pairs as (
    select
        metric_id,
        period_grain,
        period_start_date,
        dimension_value,
        product as told_here,
        cast(coalesce(amount, 0) as double) as told_there
    from shared
    where product is not null
    union all
    select
        'win_rate' as metric_id,
        'month' as period_grain,
        period_start_date,
        dimension_value,
        cast(closed_count as double) * day_count / cast(fte_days as double)
        * cast(coalesce(value, 0) as double) * cast(won_amount as double) / won_with_amount_count as told_here,
        cast(won_per_head_amount as double) as told_there
    from won
    where won_with_amount_count > 0 and fte_days > 0
    union all
    select
        'revenue_per_head' as metric_id,
        'month' as period_grain,
        period_start_date,
        dimension_value,
        cast(coalesce(value, 0) as double) as told_here,
        cast(coalesce(net_sales_per_head_amount, 0) as double) as told_there
    from heads
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
where coalesce(told_here, 0) <> coalesce(told_there, 0)
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
