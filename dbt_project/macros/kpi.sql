{# How a metric becomes rows of kpi_values. A cell is (cell_date, dimension_name, dimension_value, numerator, denominator). #}

{% macro kpi_models() -%}
{#- One model for each metric of the registry, or for two that are counted alike; target attainment is computed from them. -#}
{{ return([
    'int_kpi_new_leads', 'int_kpi_lead_conversion_rate', 'int_kpi_lead_first_response_hours',
    'int_kpi_follow_up_interval_hours', 'int_kpi_first_order_cycle_days', 'int_kpi_top3_customer_share', 'int_kpi_opp_to_order_rate', 'int_kpi_stage_loss_rate',
    'int_kpi_stage_dwell_days', 'int_kpi_win_rate', 'int_kpi_win_cycle_days', 'int_kpi_weighted_pipeline_amount',
    'int_kpi_pipeline_coverage_ratio', 'int_kpi_net_sales', 'int_kpi_revenue_per_customer', 'int_kpi_return_rate',
    'int_kpi_collection_rate', 'int_kpi_entry_within_24h_rate', 'int_kpi_capture_completeness_rate', 'int_kpi_dirty_rate',
    'int_kpi_source_freshness_hours', 'int_kpi_dormant_rate', 'int_kpi_satisfaction_score',
    'int_kpi_visit_completion_rate', 'int_kpi_repurchase_rate', 'int_kpi_repurchase_cycle_days',
    'int_kpi_revenue_per_head', 'int_kpi_channel_sell_through_rate', 'int_kpi_dealer_days_of_supply',
    'int_kpi_clv_12m',
]) }}
{%- endmacro %}

{% macro is_measured(analysis) -%}
{#- Whether sources map what an analysis of the registry needs: without it a mart would say 0 where it knows nothing. -#}
(
    select count(*) from {{ ref('stg_settings__analyses') }} as told
    where told.analysis_id = '{{ analysis }}' and told.absent_reason_en is null
) > 0
{%- endmacro %}

{% macro kpi_cells(relation, date_column, dimensions, numerator, denominator) -%}
{#-
    Sums by day up to the business date, for the total and for each dimension on its own; dimensions maps a name to a
    column that is never null.
-#}
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
where {{ date_column }} <= {{ business_date() }}
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

{% macro kpi_rolled_up(cells, grains, is_additive=false, sparse=[]) -%}
{#-
    Cells summed to each grain, with no gap from the first period that has data to the last: a period without data
    is 0 over 0. What adds up goes on to the business date: a shop that stopped selling has sold nothing since.
    Grain `all` is one row over everything, dated by the first day. Dimensions in `sparse` have so many members that their
    empty periods are left out.
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
    where {{ "dimension_name not in ('" ~ sparse | join("', '") ~ "')" if sparse else 'true' }}
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
    {{ period_end_of('period_grain', 'period_start_date') }} as period_end_date,
    dimension_name,
    dimension_value,
    sum(numerator) as numerator,
    sum(denominator) as denominator
from united
group by period_grain, period_start_date, dimension_name, dimension_value
{%- endmacro %}

{% macro kpi_ratio(metric_id, cells, grains, maturity_days=0, sparse=[]) -%}
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
    {{ kpi_rolled_up(cells, grains, sparse=sparse) }}
) as rolled_up
{%- endmacro %}

{% macro kpi_sum(metric_id, cells, grains, sparse=[]) -%}
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
    {{ kpi_rolled_up(cells, grains, is_additive=true, sparse=sparse) }}
) as rolled_up
{%- endmacro %}

{% macro kpi_grouped(relation, date_column, grains, dimensions, aggregates) -%}
{#-
    What cannot be summed from days - distinct counts, totals of trailing windows - taken from the rows of each period
    again, for the total and for each dimension on its own. `aggregates` maps a name to an expression.
-#}
{% for grain in grains %}
select
    '{{ grain }}' as period_grain,
    period_start_date,
    case
        {% for name, column in dimensions.items() %}
        when grouping({{ column }}) = 0 then '{{ name }}'
        {% endfor %}
        else 'total'
    end as dimension_name,
    coalesce({{ (dimensions.values() | list + ["'total'"]) | join(', ') }}) as dimension_value,
    {% for name, expression in aggregates.items() %}{{ expression }} as {{ name }}{{ ", " if not loop.last }}{% endfor %}

from (
    select
        dated.*,
        {{ period_start(grain, 'dated.' ~ date_column) }} as period_start_date
    from {{ relation }} as dated
    where dated.{{ date_column }} <= {{ business_date() }}
) as placed
group by grouping sets (
    (period_start_date){% for column in dimensions.values() %},
    (period_start_date, {{ column }}){% endfor %}

)
{{ "union all" if not loop.last }}  -- noqa: LT02
{% endfor %}
{%- endmacro %}

{% macro kpi_placed(relation, date_column, grains, dimensions, columns) -%}
{#- Each row once for each grain and dimension that it counts in: for medians, which are taken of rows. -#}
{% for grain in grains %}
{% set outer = loop %}
{% for name, column in ({'total': "'total'"} | items | list) + (dimensions | items | list) %}
select
    '{{ grain }}' as period_grain,
    {{ period_start(grain, date_column) }} as period_start_date,
    '{{ name }}' as dimension_name,
    {{ column }} as dimension_value,
    {{ columns | join(', ') }}
from {{ relation }}
where {{ date_column }} <= {{ business_date() }}
{{ "union all" if not (loop.last and outer.last) }}  -- noqa: LT02
{% endfor %}
{% endfor %}
{%- endmacro %}

{% macro kpi_median_waited(placed, duration_column, is_event_column) -%}
{#- Rows of kpi_placed to medians with those still waiting counted as waiting: how many ended, of how many, the median. -#}
select
    period_grain,
    period_start_date,
    dimension_name,
    dimension_value,
    event_count as numerator,
    subject_count as denominator,
    p50 as value
from (
    {{ kaplan_meier(
        placed, ['period_grain', 'period_start_date', 'dimension_name', 'dimension_value'], duration_column, is_event_column, [0.5]
    ) | indent(4) }}
) as estimated
{%- endmacro %}

{% macro kpi_median_of_cohorts(metric_id, medians, grains) -%}
{#- Rows of kpi_median_waited by cohort: mature once half have ended, within days that every member has had. -#}
select
    metric_id,
    period_grain,
    period_start_date,
    dimension_name,
    dimension_value,
    numerator,
    denominator,
    value,
    is_matured and coalesce(
        {{ period_end_of('period_grain', 'period_start_date') }} + cast(value as integer) <= {{ business_date() }}, false
    ) as is_matured
from (
    {{ kpi_without_gaps(metric_id, medians, grains) | indent(4) }}
) as cohorts
{%- endmacro %}

{% macro days_to_mature(metrics, value) -%}
{#-
    Days after the end of a period until what is said of it stands: of a cohort that is told by a median as many as the
    median is, and where half have not ended yet half a year, which is waited for.
-#}
cast(coalesce(
    case
        when {{ metrics }}.is_cohort and {{ metrics }}.aggregation = 'median' then least(coalesce({{ value }}, 190), 190)
        else {{ metrics }}.matures_after_days
    end, 0
) as integer)
{%- endmacro %}

{% macro month_ends(first_day=none) -%}
{#- Months up to the business date, which ends its own, with their last day; `first_day` is a query of one day. -#}
select
    month_start_date,
    max(date_day) as last_date
from {{ ref('dim_dates') }}
where date_day <= {{ business_date() }} {{ 'and date_day >= (' ~ first_day ~ ')' if first_day }}
group by month_start_date
{%- endmacro %}

{% macro kpi_without_gaps(metric_id, grouped, grains, is_count=false, maturity_days=0, sparse=[]) -%}
{#-
    Values of `grouped` (period_grain, period_start_date, dimension_name, dimension_value, numerator, denominator, value)
    with a row for every period from the first that has data to the last, for a count to the business date: nothing
    counted is 0, nothing to divide by is null. Empty periods of dimensions in `sparse` are left out, as in kpi_rolled_up.
-#}
select
    '{{ metric_id }}' as metric_id,
    spine.period_grain,
    spine.period_start_date,
    spine.dimension_name,
    spine.dimension_value,
    cast(coalesce(given.numerator, 0) as decimal(28, 8)) as numerator,
    {{ 'cast(null as decimal(28, 8))' if is_count else 'cast(coalesce(given.denominator, 0) as decimal(28, 8))' }} as denominator,
    cast({{ 'coalesce(given.value, 0)' if is_count else 'given.value' }} as decimal(28, 8)) as value,
    {{ period_end_of('spine.period_grain', 'spine.period_start_date') }} + {{ maturity_days }} <= {{ business_date() }} as is_matured
from (
    select
        periods.*,
        members.dimension_name,
        members.dimension_value
    from (
        {% for grain in grains %}
        select distinct
            '{{ grain }}' as period_grain,
            {{ period_start(grain, 'dates.date_day') }} as period_start_date
        from {{ ref('dim_dates') }} as dates
        cross join (
            select
                min(period_start_date) as first_start,
                {{ 'greatest(max(period_start_date), ' ~ business_date() ~ ')' if is_count else 'max(period_start_date)' }} as last_day
            from {{ grouped }}
            where period_grain = '{{ grain }}'
        ) as bounds
        where dates.date_day >= bounds.first_start and dates.date_day <= bounds.last_day
        {{ "union all" if not loop.last }}  -- noqa: LT02
        {% endfor %}
    ) as periods
    cross join (
        select distinct
            dimension_name,
            dimension_value
        from {{ grouped }}
        where {{ "dimension_name not in ('" ~ sparse | join("', '") ~ "')" if sparse else 'true' }}
    ) as members
    {% if sparse %}
    union all
    select
        period_grain,
        period_start_date,
        dimension_name,
        dimension_value
    from {{ grouped }}
    where dimension_name in ('{{ sparse | join("', '") }}')
    {% endif %}
) as spine
left join {{ grouped }} as given
    on
        spine.period_grain = given.period_grain
        and spine.period_start_date = given.period_start_date
        and spine.dimension_name = given.dimension_name
        and spine.dimension_value = given.dimension_value
{%- endmacro %}

{% macro kpi_of_today(metric_id, grouped) -%}
{#- A level of the business date: (dimension_name, dimension_value, numerator, denominator, value). -#}
select
    '{{ metric_id }}' as metric_id,
    'day' as period_grain,
    {{ business_date() }} as period_start_date,
    dimension_name,
    dimension_value,
    cast(numerator as decimal(28, 8)) as numerator,
    cast(denominator as decimal(28, 8)) as denominator,
    cast(value as decimal(28, 8)) as value,
    true as is_matured
from {{ grouped }}
{%- endmacro %}

{% macro period_days(grains, with_holidays=false) -%}
{#- The days of every period of the calendar, and those among them that are worked, or holidays on which nobody works. -#}
{% for grain in grains %}
select
    '{{ grain }}' as period_grain,
    {{ period_start(grain, 'date_day') }} as period_start_date,
    count(*) filter (where is_workday) as workday_count,
    {{ 'count(*) filter (where is_holiday and not is_workday) as holiday_count,' if with_holidays }}
    count(*) as day_count
from {{ ref('dim_dates') }}
group by {{ period_start(grain, 'date_day') }}
{{ "union all" if not loop.last }}  -- noqa: LT02
{% endfor %}
{%- endmacro %}

{% macro off_day_weight(workday_amount, off_day_amount) -%}
{#-
    What a day off that is no holiday brings beside a workday: nothing at an office, as much or more in a shop. Refunds may come to
    more than what is sold on days off, and bring no less than nothing.
-#}
case
    when {{ workday_amount }} > 0 and {{ off_day_amount }} is not null
        then greatest({{ off_day_amount }}, 0) / {{ workday_amount }}
    else 1
end
{%- endmacro %}

{% macro holiday_weight(workday_amount, holiday_amount, holiday_count, off_day_weight) -%}
{#-
    What a holiday brings beside a workday, by five of them at least; where there were fewer, as much as another day off and no more
    than a workday, for nobody knows whether a shop that sells most at weekends is open on a holiday.
-#}
case
    when {{ holiday_count }} >= 5 and {{ workday_amount }} > 0 then greatest({{ holiday_amount }}, 0) / {{ workday_amount }}
    else least({{ off_day_weight }}, 1)
end
{%- endmacro %}

{% macro told_by_days(metric_id) -%}
{#- The metric by whose days a metric is weighed that grows with them: heads are averaged over months, what they sell has a day. -#}
case {{ metric_id }} when 'revenue_per_head' then 'net_sales' else {{ metric_id }} end
{%- endmacro %}

{% macro weighed_by(dimension_name) -%}
{#- The dimension by whose days another is weighed, of which there are months alone. -#}
case {{ dimension_name }} when 'product' then 'product_line' else {{ dimension_name }} end
{%- endmacro %}

{% macro effective_days(period, off_day_weight, holiday_weight) -%}
{#- Days of a period as so many workdays. -#}
(
    {{ period }}.workday_count
    + {{ off_day_weight }} * ({{ period }}.day_count - {{ period }}.workday_count - {{ period }}.holiday_count)
    + {{ holiday_weight }} * {{ period }}.holiday_count
)
{%- endmacro %}

{#- Where the grain is a column. -#}
{% macro period_start_of(grain, day) -%}
cast(date_trunc({{ grain }}, {{ day }}) as date)
{%- endmacro %}

{% macro period_end_of(grain, start) -%}
case {{ grain }}
    when 'day' then {{ start }}
    when 'week' then {{ start }} + 6
    when 'month' then cast({{ dbt.last_day(start, 'month') }} as date)
    when 'quarter' then cast({{ dbt.last_day(start, 'quarter') }} as date)
    else {{ business_date() }}
end
{%- endmacro %}

{% macro period_before(grain, start) -%}
case {{ grain }}
    when 'day' then {{ start }} - 1
    when 'week' then {{ start }} - 7
    when 'month' then cast({{ dbt.dateadd('month', -1, start) }} as date)
    when 'quarter' then cast({{ dbt.dateadd('month', -3, start) }} as date)
end
{%- endmacro %}

{% macro period_year_before(grain, start) -%}
{#- A week is compared with the one 52 weeks before, so that it has the same weekdays; a leap day with 28 February. -#}
case {{ grain }}
    when 'week' then {{ start }} - 364
    when 'all' then cast(null as date)
    else cast({{ dbt.dateadd('year', -1, start) }} as date)
end
{%- endmacro %}

{% macro ratio(numerator, denominator) -%}
{#- Null, not infinite and not 0, where there is nothing to divide by. -#}
cast(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0) as decimal(28, 8))
{%- endmacro %}

{% macro is_of_deals(dimension) -%}
{#- By what a sales goal can be held against open deals: a deal has no channel. lint_targets.py says the same. -#}
{{ dimension }} in ('total', 'region', 'product_line', 'team', 'rep')
{%- endmacro %}

{% macro is_share(unit, metric_id) -%}
{#- Whether a metric is never below 0 or above 1; registry.py says the same. -#}
({{ unit }} = 'rate' and {{ metric_id }} not in ('quota_attainment', 'channel_sell_through_rate'))
{%- endmacro %}

{# What a goal is called that has no name: its metric, where it counts and until when. #}
{% macro goal_name(metric_name, goal) -%}
coalesce({{ metric_name }}, {{ goal }}.metric_id)
|| case when {{ goal }}.scope_dimension = 'total' then '' else ' · ' || {{ goal }}.scope_value end
|| ' · ' || cast({{ goal }}.due_on as {{ dbt.type_string() }})
{%- endmacro %}

{% macro repurchases_moved(days, columns) -%}
{#-
    By how many the customers of 365 days change from day to day, and those among them who bought on two days. `days` has a
    row for each day on which a customer bought, with its previous_date and next_date in the same group of `columns`. The
    sum up to a day says how many there are for the 365 days that end with it.
-#}
{%- set gone = 'least(coalesce(next_date, order_date + 365), ' -%}
{%- set came_back = 'previous_date > order_date - 365' -%}
select
    {{ columns | join(', ') }},
    moved_date,
    sum(customer_count) as customer_count,
    sum(repurchase_customer_count) as repurchase_customer_count
from (
    {% for day, customers, repurchases, condition in [
        ('order_date', '1', 'case when ' ~ came_back ~ ' then 1 else 0 end', 'true'),
        (gone ~ 'order_date + 365)', '-1', '0', 'true'),
        (gone ~ 'previous_date + 365)', '0', '-1', came_back),
    ] %}
    select
        {{ columns | join(', ') }},
        {{ day }} as moved_date,
        {{ customers }} as customer_count,
        {{ repurchases }} as repurchase_customer_count
    from {{ days }}
    where {{ condition }}  -- noqa: LT02
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
) as every_move
group by {{ columns | join(', ') }}, moved_date
{%- endmacro %}
