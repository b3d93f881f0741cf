with
cohorts as (
    select * from {{ ref('int_return_cohorts_counted') }}
)

select
    period_grain,
    period_start_date,
    region_key,
    case period_grain
        when 'week' then {{ period_end('week', 'period_start_date') }}
        else {{ period_end('month', 'period_start_date') }}
    end + {{ var('return_maturity_days') }} <= {{ business_date() }} as is_matured,
    cast(sold_line_count as bigint) as sold_line_count,
    cast(returned_line_count as bigint) as returned_line_count,
    {{ ratio('returned_line_count', 'sold_line_count') }} as returned_line_rate,
    cast(baseline_sold_line_count as bigint) as baseline_sold_line_count,
    cast(baseline_returned_line_count as bigint) as baseline_returned_line_count,
    {{ ratio('baseline_returned_line_count', 'baseline_sold_line_count') }} as baseline_rate,
    cast(other_sold_line_count as bigint) as other_sold_line_count,
    cast(other_returned_line_count as bigint) as other_returned_line_count,
    {{ ratio('other_returned_line_count', 'other_sold_line_count') }} as other_rate,
    cast(sold_unit_count as bigint) as sold_unit_count,
    cast(returned_unit_count as bigint) as returned_unit_count,
    cast(sold_order_count as bigint) as sold_order_count,
    cast(returned_order_count as bigint) as returned_order_count,
    cast(baseline_sold_order_count as bigint) as baseline_sold_order_count,
    cast(baseline_returned_order_count as bigint) as baseline_returned_order_count,
    cast(p_value as decimal(18, 12)) as p_value,
    cast(q_value as decimal(18, 12)) as q_value,
    coalesce(
        q_value < {{ var('false_discovery_rate') }}
        and cast(returned_order_count as double) * baseline_sold_order_count
        >= {{ var('return_spike_factor') }} * baseline_returned_order_count * sold_order_count,
        false
    ) as is_spike
from cohorts
where {{ is_measured('return_rates') }}
