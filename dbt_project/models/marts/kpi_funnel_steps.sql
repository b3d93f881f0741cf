select
    steps.period_grain,
    steps.period_start_date,
    steps.period_end_date,
    steps.step_level,
    cast(steps.step_order as bigint) as step_order,
    steps.step,
    {{ step_name('steps.step_type', 'steps.step', 'en') }} as step_name_en,
    {{ step_name('steps.step_type', 'steps.step', 'zh') }} as step_name_zh,
    steps.entered_count,
    steps.converted_count,
    {{ ratio('steps.converted_count', 'steps.entered_count') }} as conversion_rate,
    steps.is_matured,
    steps.previous_entered_count,
    steps.previous_converted_count,
    {{ relative_change('steps', 'previous') }} as previous_change_rate,
    {{ points_change('steps', 'previous') }} as previous_change_pp,
    steps.year_before_entered_count,
    steps.year_before_converted_count,
    {{ relative_change('steps', 'year_before') }} as year_before_change_rate,
    {{ points_change('steps', 'year_before') }} as year_before_change_pp,
    cast(steps.expected as decimal(28, 8)) as expected_conversion_rate,
    cast((steps.conversion - steps.expected) / nullif(steps.expected, 0) as decimal(28, 8)) as expected_change_rate,
    coalesce(steps.period_count, 0) as history_period_count,
    cast(steps.score as decimal(18, 4)) as robust_score,
    cast(steps.odd_rank as bigint) as odd_rank,
    coalesce(steps.score <= -steps.odd_score, false) as is_odd,
    steps.stay_count,
    steps.advanced_count,
    steps.lost_count,
    steps.open_count,
    steps.regressed_count,
    {{ ratio('steps.lost_count', 'steps.advanced_count + steps.lost_count') }} as loss_rate,
    coalesce(steps.dwell_count, 0) as dwell_count,
    coalesce(steps.dwell_finished_count, 0) as dwell_finished_count,
    cast(steps.dwell_mean_days as decimal(18, 6)) as dwell_mean_days,
    cast(steps.dwell_median_days as decimal(18, 6)) as dwell_median_days,
    cast(steps.dwell_p90_days as decimal(18, 6)) as dwell_p90_days,
    cast(steps.dwell_mean_workdays as decimal(18, 6)) as dwell_mean_workdays,
    cast(steps.dwell_median_workdays as bigint) as dwell_median_workdays,
    cast(steps.dwell_p90_workdays as bigint) as dwell_p90_workdays
from {{ ref('int_funnel_periods_compared') }} as steps
where
    steps.step_level <> 'main'
    or case steps.step
        when 'lead' then {{ is_measured('funnel_of_leads') }}
        when 'opportunity' then {{ is_measured('funnel_of_deals') }}
        when 'order' then {{ is_measured('funnel_of_orders') }}
        when 'invoice' then {{ is_measured('funnel_of_invoices') }}
        else true
    end
