-- A sales goal under way with what it still misses, and the open deals that should close in its days; one that is overdue should
-- have closed by now.
with
goals as (
    select * from rows_goals
    where is_running_sale
),

won as (
    select
        goals.target_id,
        sum(sales.amount) as won_amount
    from goals
    join rows_sales as sales
        on
            sales.row_date between goals.starts_on and getvariable('business_date')
            and goals.scope_value = case goals.scope_dimension
                when 'region' then sales.region_key
                when 'product_line' then sales.product_line
                when 'team' then sales.team
                when 'rep' then sales.rep_key
                else 'total'
            end
    group by goals.target_id
),

missing as (
    select
        goals.*,
        coalesce(won.won_amount, 0) as won_amount,
        greatest(goals.target_value - coalesce(won.won_amount, 0), 0) as missing_amount
    from goals
    left join won on goals.target_id = won.target_id
)

select
    'goal' as row_type,
    target_id,
    target_name_en,
    target_name_zh,
    starts_on,
    due_on,
    is_in_total and missing_amount > 0 as is_in_total,
    target_value,
    won_amount,
    cast(null as varchar) as opportunity_key,
    cast(null as varchar) as customer_key,
    cast(null as varchar) as customer_name,
    cast(null as varchar) as product_line,
    cast(null as varchar) as rep_key,
    cast(null as varchar) as team,
    cast(null as varchar) as region_key,
    cast(null as date) as expected_close_date,
    cast(null as boolean) as is_overdue,
    0 as numerator,
    missing_amount as denominator
from missing
union all
select
    'open_deal',
    missing.target_id,
    missing.target_name_en,
    missing.target_name_zh,
    missing.starts_on,
    missing.due_on,
    missing.is_in_total and missing.missing_amount > 0,
    null,
    null,
    deals.opportunity_key,
    deals.customer_key,
    deals.customer_name,
    deals.product_line,
    deals.rep_key,
    deals.team,
    deals.region_key,
    deals.expected_close_date,
    deals.expected_close_date < getvariable('business_date'),
    deals.amount,
    0
from missing
join rows_open_deals as deals
    on
        deals.expected_close_date between missing.starts_on and missing.due_on
        and (deals.created_date is null or deals.created_date <= getvariable('business_date'))
        and missing.scope_value = case missing.scope_dimension
            when 'region' then deals.region_key
            when 'product_line' then deals.product_line
            when 'team' then deals.team
            when 'rep' then deals.rep_key
            else 'total'
        end
