-- Summed to the cells first, so that totals are made of few rows.
with
cells as (
    select
        cast(date_trunc('month', sales_date) as date) as month_start_date,
        product_line,
        region_key,
        rep_key,
        sum(net_sales_amount) as net_sales_amount,
        sum(unit_count) as unit_count
    from {{ ref('fct_sales_daily') }}
    where sales_date <= {{ business_date() }}
    group by cast(date_trunc('month', sales_date) as date), product_line, region_key, rep_key
),

totalled as (
    select
        month_start_date,
        product_line,
        region_key,
        rep_key,
        grouping(month_start_date) = 1 as is_all_months,
        grouping(product_line) = 1 as is_all_lines,
        grouping(region_key) = 1 as is_all_regions,
        grouping(rep_key) = 1 as is_all_reps,
        sum(net_sales_amount) as net_sales_amount,
        sum(unit_count) as unit_count
    from cells
    group by cube (month_start_date, product_line, region_key, rep_key)
    having count(*) > 0
)

select
    -- no member is an empty text, so a total has a key of its own; a sign that parts them is written otherwise within one
    coalesce(cast(month_start_date as {{ dbt.type_string() }}), '')
    || '|' || {{ cell_part('product_line') }}
    || '|' || {{ cell_part('region_key') }}
    || '|' || {{ cell_part('rep_key') }} as cell_key,
    month_start_date,
    coalesce(product_line, 'total') as product_line,
    coalesce(region_key, 'total') as region_key,
    coalesce(rep_key, 'total') as rep_key,
    is_all_months,
    is_all_lines,
    is_all_regions,
    is_all_reps,
    cast(net_sales_amount as decimal(18, 4)) as net_sales_amount,
    cast(unit_count as bigint) as unit_count
from totalled
