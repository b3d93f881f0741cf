-- The total of the pivot is what the facts hold, to the last place, and so is every other way of summing its cells.
with
pivoted as (
    select
        is_all_months,
        is_all_lines,
        is_all_regions,
        is_all_reps,
        sum(net_sales_amount) as amount
    from {{ ref('kpi_sales_pivot') }}
    group by is_all_months, is_all_lines, is_all_regions, is_all_reps
),

facts as (
    select coalesce(sum(net_sales_amount), 0) as amount
    from {{ ref('fct_sales_daily') }}
    where sales_date <= {{ business_date() }}
)

select pivoted.*
from pivoted
cross join facts
where pivoted.amount <> facts.amount
