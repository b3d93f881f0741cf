with
stages as (
    select * from {{ ref('int_opportunity_stages_timed') }}
),

opportunities as (
    select * from {{ present('int_opportunities_deduplicated') }}
),

rates as (
    select * from {{ ref('stg_settings__exchange_rates') }}
)

select
    stages.opportunity_key,
    stages.entered_at,
    stages.entered_date,
    stages.stage,
    stages.stage_order,
    cast(stages.entry_number as bigint) as entry_number,
    stages.is_regression,
    stages.left_at,
    stages.left_date,
    stages.dwell_days,
    stages.dwell_business_hours,
    stages.stage_days,
    stages.stage_workdays,
    stages.stalled_date,
    coalesce(stages.stalled_date <= {{ business_date() }}, false) as is_stalled,
    stages.schedule_id,
    stages.exit_type,
    -- A stage's amount is in the currency of its deal.
    {{ converted('stages.amount', exchange_rate_of('opportunities.currency', 'rates.exchange_rate')) }} as amount,
    stages.recorded_at,
    stages.learnt_at
from stages
left join opportunities on stages.opportunity_key = opportunities.opportunity_key
left join rates on opportunities.currency = rates.currency
