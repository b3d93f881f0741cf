{%- set dimensions = {
    'rep': 'rep_key', 'manager': 'manager_rep_key', 'team': 'team', 'region': 'region_key',
    'product_line': 'product_line',
} -%}
with
won as (
    select * from {{ ref('int_kpi_closed_opportunities') }}
    where opportunity_status = 'won' and win_cycle_days is not null
),

cells as (
    {{ kpi_cells('won', 'closed_date', dimensions, 'sum(win_cycle_days)', 'count(*)') | indent(4) }}
),

summed as (
    {{ kpi_rolled_up('cells', ['month', 'quarter', 'all']) | indent(4) }}
),

-- A median cannot be added up, so it is taken from the deals of each period and member again.
placed as (
    {% for grain in ['month', 'quarter', 'all'] %}
    {% for name, column in ({'total': "'total'"} | items | list) + (dimensions | items | list) %}
    select
        '{{ grain }}' as period_grain,
        {{ '(select min(first_won.closed_date) from won as first_won)' if grain == 'all'
            else period_start(grain, 'closed_date') }} as period_start_date,
        '{{ name }}' as dimension_name,
        {{ column }} as dimension_value,
        win_cycle_days
    from won
    {{ "union all" if not loop.last }}
    {% endfor %}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

medians as (
    select
        period_grain,
        period_start_date,
        dimension_name,
        dimension_value,
        median(win_cycle_days) as median_days
    from placed
    group by period_grain, period_start_date, dimension_name, dimension_value
)

select
    'win_cycle_days' as metric_id,
    summed.period_grain,
    summed.period_start_date,
    summed.dimension_name,
    summed.dimension_value,
    cast(summed.numerator as decimal(28, 8)) as numerator,
    cast(summed.denominator as decimal(28, 8)) as denominator,
    cast(medians.median_days as decimal(28, 8)) as value,
    summed.period_end_date <= {{ business_date() }} as is_matured
from summed
left join medians
    on
        summed.period_grain = medians.period_grain
        and summed.period_start_date = medians.period_start_date
        and summed.dimension_name = medians.dimension_name
        and summed.dimension_value = medians.dimension_value
