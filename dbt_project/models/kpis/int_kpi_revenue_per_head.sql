-- Full-time positions are averaged over the days of the period that have been: who joined half-way through is half a head.
with
sold as (
    select
        cast(date_trunc('month', sales_date) as date) as month_start_date,
        region_key,
        sum(net_sales_amount) as amount
    from {{ ref('fct_sales_daily') }}
    where sales_date <= {{ business_date() }}
    group by cast(date_trunc('month', sales_date) as date), region_key
),

staffed as (
    select
        month_start_date,
        region_key,
        sum(fte_days) as fte_days
    from {{ ref('fct_rep_months') }}
    where is_selling
    group by month_start_date, region_key
),

by_month as (
    select
        month_start_date,
        region_key,
        amount,
        cast(0 as decimal(18, 4)) as fte_days
    from sold
    union all
    select
        month_start_date,
        region_key,
        cast(0 as decimal(18, 4)) as amount,
        fte_days
    from staffed
    where month_start_date >= (select cast(date_trunc('quarter', min(first_sold.month_start_date)) as date) from sold as first_sold)
),

summed as (
    {{ kpi_grouped('by_month', 'month_start_date', ['month', 'quarter'], {'region': 'region_key'}, {
        'amount': 'sum(amount)', 'fte_days': 'sum(fte_days)',
    }) | indent(4) }}
),

lengths as (
    {% for grain in ['month', 'quarter'] %}
    select
        '{{ grain }}' as period_grain,
        {{ period_start(grain, 'date_day') }} as period_start_date,
        count(*) as day_count
    from {{ ref('dim_dates') }}
    where date_day <= {{ business_date() }}
    group by {{ period_start(grain, 'date_day') }}
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

heads as (
    select
        summed.period_grain,
        summed.period_start_date,
        summed.dimension_name,
        summed.dimension_value,
        summed.amount as numerator,
        {{ ratio('summed.fte_days', 'lengths.day_count') }} as denominator
    from summed
    inner join lengths
        on summed.period_grain = lengths.period_grain and summed.period_start_date = lengths.period_start_date
),

per_head as (
    select
        heads.*,
        {{ ratio('numerator', 'denominator') }} as value
    from heads
)

{{ kpi_without_gaps('revenue_per_head', 'per_head', ['month', 'quarter']) }}
