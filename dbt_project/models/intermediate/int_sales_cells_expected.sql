{#- Months that are judged, the business date's own among them. -#}
{%- set months = 13 -%}
{%- set this_month = "cast(date_trunc('month', " ~ business_date() ~ ") as date)" -%}
{%- set first_month = "cast(" ~ dbt.dateadd('month', 1 - months, this_month) ~ " as date)" -%}
-- What a month, product line and region should have sold: its usual month, times how that region went in that month, times
-- how that line did. All three are medians, so that a cell that is far out does not bend what it is measured by.
with
cells as (
    select
        cast(date_trunc('month', sales_date) as date) as month_start_date,
        product_line,
        region_key,
        sum(net_sales_amount) as net_sales_amount
    from {{ ref('fct_sales_daily') }}
    where sales_date >= {{ first_month }} and sales_date <= {{ business_date() }}
    group by cast(date_trunc('month', sales_date) as date), product_line, region_key
),

spine as (
    select
        months.month_start_date,
        lines.product_line,
        regions.region_key
    from (
        select distinct month_start_date
        from {{ ref('dim_dates') }}
        where
            month_start_date between {{ first_month }} and {{ this_month }}
            and month_start_date >= (select min(cells.month_start_date) from cells)
    ) as months
    cross join (select distinct product_line from cells) as lines
    cross join (select distinct region_key from cells) as regions
),

filled as (
    select
        spine.month_start_date,
        spine.product_line,
        spine.region_key,
        coalesce(cells.net_sales_amount, 0) as net_sales_amount,
        cast(coalesce(cells.net_sales_amount, 0) as double) as amount
    from spine
    left join cells
        on
            spine.month_start_date = cells.month_start_date
            and spine.product_line = cells.product_line
            and spine.region_key = cells.region_key
),

usual as (
    select
        product_line,
        region_key,
        median(amount) as usual_amount
    from filled
    group by product_line, region_key
    having median(amount) > 0
),

relative as (
    select
        filled.*,
        usual.usual_amount,
        filled.amount / usual.usual_amount as pace
    from filled
    inner join usual
        on filled.product_line = usual.product_line and filled.region_key = usual.region_key
),

by_region as (
    select
        month_start_date,
        region_key,
        median(pace) as region_pace
    from relative
    group by month_start_date, region_key
    having count(*) >= 3 and median(pace) > 0
),

by_line as (
    select
        relative.month_start_date,
        relative.product_line,
        median(relative.pace / by_region.region_pace) as line_pace
    from relative
    inner join by_region
        on relative.month_start_date = by_region.month_start_date and relative.region_key = by_region.region_key
    group by relative.month_start_date, relative.product_line
    having count(*) >= 3
),

-- What a customer buys of a line in a month is one thing, not as many as it has orders: the amounts of customers are what
-- chance adds up, and a few large ones vary more than many small ones.
customer_amounts as (
    select
        products.product_line,
        lines.customer_key,
        lines.region_key,
        cast(date_trunc('month', lines.order_date) as date) as month_start_date,
        cast(sum(lines.net_amount) as double) as amount
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('dim_products') }} as products on lines.product_key = products.product_key
    where not lines.is_cancelled and lines.order_date >= {{ first_month }} and lines.order_date <= {{ business_date() }}
    group by
        products.product_line, lines.customer_key, lines.region_key, cast(date_trunc('month', lines.order_date) as date)
),

-- The variance of a sum of independent amounts is the sum of their squares (a compound Poisson distribution); over the sum
-- itself it is the size of the amounts, the large ones counted more.
sizes as (
    select
        product_line,
        sum(amount * amount) / sum(amount) as size
    from customer_amounts
    where customer_key <> 'unknown' and amount > 0
    group by product_line
),

-- Less than five amounts of that size are too few for a distribution (Cochran 1954).
expected as (
    select
        relative.month_start_date,
        relative.product_line,
        relative.region_key,
        sizes.size,
        relative.usual_amount * by_region.region_pace * by_line.line_pace as expected_amount,
        (relative.amount - relative.usual_amount * by_region.region_pace * by_line.line_pace)
        / sqrt(relative.usual_amount * by_region.region_pace * by_line.line_pace) as residual
    from relative
    inner join by_region
        on relative.month_start_date = by_region.month_start_date and relative.region_key = by_region.region_key
    inner join by_line
        on relative.month_start_date = by_line.month_start_date and relative.product_line = by_line.product_line
    inner join sizes on relative.product_line = sizes.product_line
    where relative.usual_amount * by_region.region_pace * by_line.line_pace >= 5 * sizes.size
),

-- By that size if customers come by chance, by more if the line's own cells show more.
dispersed as (
    select
        product_line,
        greatest(max(size), power(1.4826 * median(abs(residual)), 2)) as dispersion
    from expected
    group by product_line
),

scored as (
    select
        filled.month_start_date,
        filled.product_line,
        filled.region_key,
        filled.net_sales_amount,
        expected.expected_amount,
        expected.residual / sqrt(dispersed.dispersion) as z,
        abs(expected.residual / sqrt(dispersed.dispersion)) as distance
    from filled
    left join expected
        on
            filled.month_start_date = expected.month_start_date
            and filled.product_line = expected.product_line
            and filled.region_key = expected.region_key
    left join dispersed on filled.product_line = dispersed.product_line
),

judged as (
    select
        scored.*,
        case when z is not null then 2 * {{ normal_tail('distance') }} end as p_value,
        case
            when z is not null
                then row_number() over (
                    partition by z is null
                    order by distance desc nulls last, month_start_date desc, product_line asc, region_key asc
                )
        end as cell_rank
    from scored
)

{{ false_discovery_rates('judged', 'p_value', []) }}
