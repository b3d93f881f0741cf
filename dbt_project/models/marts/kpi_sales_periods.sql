with
periods as (
    select * from {{ ref('int_sales_periods_compared') }}
)

-- A period that is not over is compared with nothing.
select
    period_grain,
    period_start_date,
    period_end_date,
    dimension_name,
    dimension_value,
    is_complete,
    net_sales_amount,
    cast(workday_count as bigint) as workday_count,
    previous_amount,
    cast(previous_workday_count as bigint) as previous_workday_count,
    case when is_complete then cast(net_sales_amount - previous_amount as decimal(18, 4)) end as change_amount,
    case
        when is_complete and previous_amount > 0 then {{ ratio('net_sales_amount - previous_amount', 'previous_amount') }}
    end as change_rate,
    year_before_amount,
    cast(year_before_workday_count as bigint) as year_before_workday_count,
    case when is_complete then cast(net_sales_amount - year_before_amount as decimal(18, 4)) end as year_change_amount,
    case
        when is_complete and year_before_amount > 0
            then {{ ratio('net_sales_amount - year_before_amount', 'year_before_amount') }}
    end as year_change_rate,
    cast(baseline_period_count as bigint) as baseline_period_count,
    cast(baseline_median_amount as decimal(18, 4)) as baseline_median_amount,
    cast(baseline_mad_amount as decimal(18, 4)) as baseline_mad_amount,
    case when is_complete then cast(robust_z as decimal(18, 4)) end as robust_z,
    -- 3.5 is their threshold; what never moved before and moves now is unusual, however little.
    coalesce(
        is_complete and (abs(robust_z) > 3.5 or (robust_z is null and net_sales_amount <> baseline_median_amount)),
        false
    ) as is_unusual,
    cast(baseline_mean_amount as decimal(18, 4)) as baseline_mean_amount,
    cast(baseline_deviation_amount as decimal(18, 4)) as baseline_deviation_amount,
    case when baseline_mean_amount > 0 then {{ ratio('baseline_deviation_amount', 'baseline_mean_amount') }} end as variation_rate
from periods
