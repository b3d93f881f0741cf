-- How much hangs on three customers is told twice: by the metrics of the month of the business date, and by the analysis of the
-- 365 days up to it. Numerators and denominators are the same, in total, of each product line and of each product that the
-- metrics look at. A row is a figure that is not, or that one of the two does not have.
with
told as (
    select
        shares.dimension_name,
        shares.dimension_value,
        shares.numerator as top3_amount,
        shares.denominator as bought_amount,
        cast(indexes.value as double) as hhi
    from {{ ref('kpi_values') }} as shares
    left join {{ ref('kpi_values') }} as indexes
        on
            shares.period_grain = indexes.period_grain
            and shares.period_start_date = indexes.period_start_date
            and shares.dimension_name = indexes.dimension_name
            and shares.dimension_value = indexes.dimension_value
            and indexes.metric_id = 'customer_hhi'
    where
        shares.metric_id = 'top3_customer_share'
        and shares.period_start_date = cast(date_trunc('month', {{ business_date() }}) as date)
        and shares.numerator > 0
),

analysed as (
    select * from {{ ref('kpi_sales_concentration') }}
),

-- A company without the metrics has nothing to compare.
months as (
    select count(*) as row_count from told
)

select
    coalesce(told.dimension_name, analysed.scope_type) as dimension_name,
    coalesce(told.dimension_value, analysed.scope_value) as dimension_value,
    told.top3_amount,
    analysed.top3_amount as analysed_top3_amount,
    told.bought_amount,
    analysed.bought_amount as analysed_bought_amount,
    told.hhi,
    analysed.hhi as analysed_hhi
from told
full outer join analysed
    on told.dimension_name = analysed.scope_type and told.dimension_value = analysed.scope_value
cross join months
where
    case
        -- fifty products are in the metrics, all in the analysis
        when told.dimension_name is null then analysed.scope_type <> 'product' and months.row_count > 0
        else
            told.top3_amount is distinct from analysed.top3_amount
            or told.bought_amount is distinct from analysed.bought_amount
            or coalesce(abs(told.hhi - analysed.hhi) > 0.001, true)
    end
