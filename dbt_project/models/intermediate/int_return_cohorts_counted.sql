{#- So many periods are judged, each beside as many before it. -#}
{%- set periods = {'week': 26, 'month': 6} -%}
{%- set first_date = "cast(" ~ dbt.dateadd('month', -13, "cast(date_trunc('month', " ~ business_date() ~ ") as date)") ~ " as date)" -%}
-- Lines sold in a week or month in a region and how many of them came back, beside the half year before. A line counts once,
-- however often parts of it come back. What is tested are orders of which anything came back: goods that lie in one parcel
-- come back together, so neither units nor lines are independent, and one order that goes back whole is one thing.
with
sold as (
    select
        order_key,
        line_number,
        region_key,
        quantity,
        order_date
    from {{ ref('fct_order_lines') }}
    where
        not is_cancelled
        and quantity > 0
        and order_date >= {{ first_date }}
        and order_date <= {{ business_date() }}
),

by_order as (
    select
        sold.order_date,
        sold.region_key,
        sold.order_key,
        count(*) as sold_line_count,
        count(returned.order_key) as returned_line_count,
        sum(sold.quantity) as sold_unit_count,
        sum(least(coalesce(returned.returned_quantity, 0), sold.quantity)) as returned_unit_count
    from sold
    left join {{ ref('fct_line_returns') }} as returned
        on sold.order_key = returned.order_key and sold.line_number = returned.line_number
    group by sold.order_date, sold.region_key, sold.order_key
),

by_day as (
    select
        order_date,
        region_key,
        count(*) as sold_order_count,
        count(*) filter (where returned_line_count > 0) as returned_order_count,
        sum(sold_line_count) as sold_line_count,
        sum(returned_line_count) as returned_line_count,
        sum(sold_unit_count) as sold_unit_count,
        sum(returned_unit_count) as returned_unit_count
    from by_order
    group by order_date, region_key
),

counted as (
    {% for grain, count in periods.items() %}
    select
        '{{ grain }}' as period_grain,
        {{ period_start(grain, 'order_date') }} as period_start_date,
        region_key,
        sum(sold_order_count) as sold_order_count,
        sum(returned_order_count) as returned_order_count,
        sum(sold_line_count) as sold_line_count,
        sum(returned_line_count) as returned_line_count,
        sum(sold_unit_count) as sold_unit_count,
        sum(returned_unit_count) as returned_unit_count
    from by_day
    group by {{ period_start(grain, 'order_date') }}, region_key
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

-- Complete periods only, and how many before the running one each is.
placed as (
    {% for grain, count in periods.items() %}
    select
        counted.*,
        {{ dbt.datediff('period_start_date', '(' ~ business_date() ~ ' + 1)', grain) }} as periods_ago
    from counted
    where period_grain = '{{ grain }}'
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

compared as (
    select
        placed.period_grain,
        placed.period_start_date,
        placed.region_key,
        max(placed.sold_order_count) as sold_order_count,
        max(placed.returned_order_count) as returned_order_count,
        max(placed.sold_line_count) as sold_line_count,
        max(placed.returned_line_count) as returned_line_count,
        max(placed.sold_unit_count) as sold_unit_count,
        max(placed.returned_unit_count) as returned_unit_count,
        coalesce(sum(earlier.sold_order_count), 0) as baseline_sold_order_count,
        coalesce(sum(earlier.returned_order_count), 0) as baseline_returned_order_count,
        coalesce(sum(earlier.sold_line_count), 0) as baseline_sold_line_count,
        coalesce(sum(earlier.returned_line_count), 0) as baseline_returned_line_count
    from placed
    left join placed as earlier
        on
            placed.period_grain = earlier.period_grain
            and placed.region_key = earlier.region_key
            and placed.periods_ago < earlier.periods_ago
            and placed.periods_ago >= earlier.periods_ago - {{ window_of('placed.period_grain', periods) }}
    where placed.periods_ago between 1 and {{ window_of('placed.period_grain', periods) }}
    group by placed.period_grain, placed.period_start_date, placed.region_key
),

beside as (
    select
        compared.*,
        sum(sold_line_count) over (partition by period_grain, period_start_date) - sold_line_count as other_sold_line_count,
        sum(returned_line_count) over (partition by period_grain, period_start_date) - returned_line_count as other_returned_line_count,
        sold_order_count + baseline_sold_order_count as population_count,
        returned_order_count + baseline_returned_order_count as all_returned_count
    from compared
),

tested as (
    select * from beside
    where baseline_sold_order_count > 0 and region_key <> 'unknown'
),

tails as (
    {{ hypergeometric_tails(
        'tested', ['period_grain', 'period_start_date', 'region_key'], 'population_count', 'all_returned_count', 'sold_order_count', 'returned_order_count'
    ) | indent(4) }}
),

judged as (
    select
        beside.*,
        tails.p_value
    from beside
    left join tails
        on
            beside.period_grain = tails.period_grain
            and beside.period_start_date = tails.period_start_date
            and beside.region_key = tails.region_key
)

{{ false_discovery_rates('judged', 'p_value', ['period_grain']) }}
