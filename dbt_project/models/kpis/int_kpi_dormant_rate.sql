-- Months that ended, by the tier that each customer had on their last day, unless its sources had deleted it by then; the
-- business date stands for its own month.
with
month_ends as (
    {{ month_ends() | indent(4) }}
),

tiers as (
    select
        month_ends.month_start_date,
        customers.region_key,
        case when history.is_last_tier then 1 else 0 end as is_dormant
    from {{ ref('dim_customer_tiers') }} as history
    inner join month_ends
        on month_ends.last_date between history.valid_from_date and coalesce(history.valid_to_date, {{ business_date() }})
    inner join {{ ref('dim_customers') }} as customers on history.customer_key = customers.customer_key
    where not history.is_deleted
),

cells as (
    {{ kpi_cells('tiers', 'month_start_date', {'region': 'region_key'}, 'sum(is_dormant)', 'count(*)') | indent(4) }}
)

{{ kpi_ratio('dormant_rate', 'cells', ['month']) }}
