-- One ratio for each sales goal that is running: the open deals that should close in its days against what is still missing. A deal
-- that should have closed in them by now and is still open can still be won; one that is overdue from before is none of it. In all:
-- the same over the goals that count once, without those that are met, whose deals cover nothing that is missing.
with
goals as (
    select * from {{ ref('int_sales_goals_counted') }}
),

won as (
    select
        goals.target_id,
        sum(sold.value) as won_amount
    from goals
    inner join {{ ref('int_kpi_net_sales') }} as sold
        on
            goals.scope_dimension = sold.dimension_name
            and goals.scope_value = sold.dimension_value
            and sold.period_grain = 'day'
            and sold.period_start_date between goals.starts_on and {{ business_date() }}
    group by goals.target_id
),

deals as (
    select
        deals.amount,
        deals.expected_close_date,
        deals.region_key,
        deals.product_line,
        deals.owner_rep_key as rep_key,
        reps.team
    from {{ ref('fct_opportunities') }} as deals
    inner join {{ ref('dim_sales_reps') }} as reps on deals.owner_rep_key = reps.rep_key
    where
        deals.opportunity_status = 'open'
        and (deals.created_date is null or deals.created_date <= {{ business_date() }})
),

pipelines as (
    select
        goals.target_id,
        sum(deals.amount) as open_amount
    from goals
    inner join deals
        on
            deals.expected_close_date between goals.starts_on and goals.due_on
            and goals.scope_value = case goals.scope_dimension
                when 'region' then deals.region_key
                when 'product_line' then deals.product_line
                when 'team' then deals.team
                when 'rep' then deals.rep_key
                else 'total'
            end
    group by goals.target_id
),

missing as (
    select
        goals.target_id,
        goals.is_in_total,
        coalesce(pipelines.open_amount, 0) as numerator,
        greatest(goals.goal_value - coalesce(won.won_amount, 0), 0) as denominator
    from goals
    left join won on goals.target_id = won.target_id
    left join pipelines on goals.target_id = pipelines.target_id
),

united as (
    select
        'target' as dimension_name,
        target_id as dimension_value,
        numerator,
        denominator
    from missing
    union all
    select
        'total' as dimension_name,
        'total' as dimension_value,
        sum(case when denominator > 0 then numerator else 0 end) as numerator,
        sum(denominator) as denominator
    from missing
    where is_in_total
    having count(*) > 0
),

covered as (
    select
        united.*,
        {{ ratio('numerator', 'denominator') }} as value
    from united
)

-- Nothing left to win: the denominator is 0 and there is no ratio; goals and the board say met.
{{ kpi_of_today('pipeline_coverage_ratio', 'covered') }}
