-- What was left out by no journey was entered in order by all of its steps, and nobody is counted twice.
select cohort_month
from {{ ref('kpi_funnel') }}
where entered_count <> advanced_count + lost_count + open_count or skipped_count < 0 or in_order_count > entered_count
union all
select period_start_date
from {{ ref('kpi_funnel_steps') }}
where stay_count <> advanced_count + lost_count + open_count + regressed_count
