{# How a metric becomes rows of kpi_values. A cell is (cell_date, dimension_name, dimension_value, numerator, denominator). #}

{% macro kpi_cells(relation, date_column, dimensions, numerator, denominator) -%}
{#- Sums by day for the total and for each dimension on its own; dimensions maps a name to a column that is never null. -#}
select
    {{ date_column }} as cell_date,
    case
        {% for name, column in dimensions.items() %}
        when grouping({{ column }}) = 0 then '{{ name }}'
        {% endfor %}
        else 'total'
    end as dimension_name,
    coalesce({{ dimensions.values() | join(', ') }}, 'total') as dimension_value,
    {{ numerator }} as numerator,
    {{ denominator }} as denominator
from {{ relation }}
where {{ date_column }} is not null
group by grouping sets (
    ({{ date_column }}){% for column in dimensions.values() %},
    ({{ date_column }}, {{ column }}){% endfor %}

)
{%- endmacro %}

{% macro period_start(grain, day) -%}
{%- if grain == 'day' -%}{{ day }}{%- else -%}cast(date_trunc('{{ grain }}', {{ day }}) as date){%- endif -%}
{%- endmacro %}

{% macro period_end(grain, start) -%}
{%- if grain == 'day' -%}{{ start }}
{%- elif grain == 'week' -%}{{ start }} + 6
{%- else -%}{{ dbt.last_day(start, grain) }}{%- endif -%}
{%- endmacro %}

{% macro kpi_rolled_up(cells, grains, is_additive=false) -%}
{#-
    Cells summed to each grain, with no gap from the first period that has data to the last: a period without data
    is 0 over 0. What adds up goes on to the business date: a shop that stopped selling has sold nothing since.
    Grain `all` is one row over everything, dated by the first day.
-#}
with
bounds as (
    select
        min(cell_date) as first_date,
        {{ 'greatest(max(cell_date), ' ~ business_date() ~ ')' if is_additive else 'max(cell_date)' }} as last_date
    from {{ cells }}
),

members as (
    select distinct
        dimension_name,
        dimension_value
    from {{ cells }}
),

days as (
    select dates.date_day
    from {{ ref('dim_dates') }} as dates
    cross join bounds
    where dates.date_day between bounds.first_date and bounds.last_date
),

periods as (
    {% for grain in grains if grain != 'all' %}
    select distinct
        '{{ grain }}' as period_grain,
        {{ period_start(grain, 'date_day') }} as period_start_date
    from days
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

united as (
    select
        periods.period_grain,
        periods.period_start_date,
        members.dimension_name,
        members.dimension_value,
        0 as numerator,
        0 as denominator
    from periods
    cross join members
    {% for grain in grains %}
    union all
    select
        '{{ grain }}' as period_grain,
        {{ 'bounds.first_date' if grain == 'all' else period_start(grain, 'cells.cell_date') }} as period_start_date,
        cells.dimension_name,
        cells.dimension_value,
        cells.numerator,
        cells.denominator
    from {{ cells }} as cells
    {{ 'cross join bounds' if grain == 'all' }}  -- noqa: LT02
    {% endfor %}
)

select
    period_grain,
    period_start_date,
    case period_grain
        {% for grain in grains if grain != 'all' %}
        when '{{ grain }}' then {{ period_end(grain, 'period_start_date') }}  -- noqa: LT02
        {% endfor %}
        else {{ business_date() }}
    end as period_end_date,
    dimension_name,
    dimension_value,
    sum(numerator) as numerator,
    sum(denominator) as denominator
from united
group by period_grain, period_start_date, dimension_name, dimension_value
{%- endmacro %}

{% macro kpi_ratio(metric_id, cells, grains, maturity_days=0) -%}
select
    '{{ metric_id }}' as metric_id,
    period_grain,
    period_start_date,
    dimension_name,
    dimension_value,
    cast(numerator as decimal(28, 8)) as numerator,
    cast(denominator as decimal(28, 8)) as denominator,
    {{ ratio('numerator', 'denominator') }} as value,
    period_end_date + {{ maturity_days }} <= {{ business_date() }} as is_matured
from (
    {{ kpi_rolled_up(cells, grains) }}
) as rolled_up
{%- endmacro %}

{% macro kpi_sum(metric_id, cells, grains) -%}
select
    '{{ metric_id }}' as metric_id,
    period_grain,
    period_start_date,
    dimension_name,
    dimension_value,
    cast(numerator as decimal(28, 8)) as numerator,
    cast(null as decimal(28, 8)) as denominator,
    cast(numerator as decimal(28, 8)) as value,
    period_end_date <= {{ business_date() }} as is_matured
from (
    {{ kpi_rolled_up(cells, grains, is_additive=true) }}
) as rolled_up
{%- endmacro %}

{% macro ratio(numerator, denominator) -%}
{#- Null, not infinite and not 0, where there is nothing to divide by. -#}
cast(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0) as decimal(28, 8))
{%- endmacro %}

{# What a goal is called that has no name: its metric, where it counts and until when. #}
{% macro goal_name(metric_name, goal) -%}
coalesce({{ metric_name }}, {{ goal }}.metric_id)
|| case when {{ goal }}.scope_dimension = 'total' then '' else ' · ' || {{ goal }}.scope_value end
|| ' · ' || cast({{ goal }}.due_on as varchar)
{%- endmacro %}
