{%- set months_of_goal = dbt.datediff('targets.starts_on', 'targets.due_on', 'month') ~ ' + 1' -%}
-- What history says to a goal: the months before it, the same days a year before, and the best month of two years.
with
goals as (
    select
        targets.target_id,
        targets.aggregation,
        targets.direction,
        targets.starts_on,
        cast({{ dbt.dateadd('month', '-(' ~ months_of_goal ~ ')', 'targets.starts_on') }} as date) as before_starts_on,
        targets.starts_on - 1 as before_ends_on,
        cast({{ dbt.dateadd('year', '-1', 'targets.starts_on') }} as date) as year_starts_on,
        cast({{ dbt.dateadd('year', '-1', 'targets.due_on') }} as date) as year_ends_on,
        paces.workday_count
    from {{ ref('int_targets_defined') }} as targets
    inner join {{ ref('int_targets_paced') }} as paces on targets.target_id = paces.target_id
    where targets.is_known_metric
),

history as (
    select
        goals.*,
        followed.period_start_date,
        followed.period_end_date,
        followed.numerator,
        followed.denominator,
        followed.value,
        cast(date_trunc('month', followed.period_start_date) as date) as month_start_date,
        min(followed.period_start_date) over (partition by goals.target_id) as first_date
    from goals
    inner join {{ ref('int_targets_followed') }} as followed on goals.target_id = followed.target_id
    where followed.is_matured
),

windows as (
    {% for name in ['before', 'year'] %}
    select
        target_id,
        '{{ name }}' as window_name,
        case aggregation
            when 'sum' then cast(sum(numerator) as decimal(28, 8))
            when 'ratio' then {{ ratio('sum(numerator)', 'sum(denominator)') }}
            else max_by(value, period_start_date) filter (where value is not null)
        end as window_value
    from history
    where
        period_start_date between {{ name }}_starts_on and {{ name }}_ends_on
        and first_date <= {{ name }}_starts_on
        -- half a sum is no baseline
        and (aggregation <> 'sum' or {{ name }}_ends_on <= {{ business_date() }})
    group by target_id, aggregation
    {{ "union all" if not loop.last }}
    {% endfor %}
),

workdays as (
    select
        month_start_date,
        sum(case when is_workday then 1 else 0 end) as workday_count
    from {{ ref('dim_dates') }}
    group by month_start_date
),

-- A month that adds up is told as what its pace would come to over the workdays of the goal.
months as (
    select
        history.target_id,
        history.direction,
        history.month_start_date,
        case history.aggregation
            when 'sum'
                then {{ ratio('sum(history.numerator) * max(history.workday_count)', 'max(workdays.workday_count)') }}
            when 'ratio' then {{ ratio('sum(history.numerator)', 'sum(history.denominator)') }}
            else max_by(history.value, history.period_start_date) filter (where history.value is not null)
        end as month_value
    from history
    inner join workdays on history.month_start_date = workdays.month_start_date
    where
        history.first_date <= history.month_start_date
        and cast({{ dbt.last_day('history.month_start_date', 'month') }} as date) <= {{ business_date() }}
        and cast({{ dbt.last_day('history.month_start_date', 'month') }} as date) < history.starts_on
        and history.month_start_date >= history.starts_on - 731
    group by history.target_id, history.direction, history.aggregation, history.month_start_date
),

best as (
    select
        target_id,
        month_value as best_value,
        month_start_date as best_month_date,
        row_number() over (
            partition by target_id
            order by case when direction = 'down' then month_value else -month_value end asc, month_start_date asc
        ) as place,
        count(*) over (partition by target_id) as month_count
    from months
    where month_value is not null and direction <> 'band'
),

before_values as (
    select * from windows
    where window_name = 'before'
),

year_values as (
    select * from windows
    where window_name = 'year'
)

select
    goals.target_id,
    before_values.window_value as before_value,
    year_values.window_value as year_before_value,
    best.best_value,
    best.best_month_date,
    coalesce(best.month_count, 0) as month_count
from goals
left join before_values on goals.target_id = before_values.target_id
left join year_values on goals.target_id = year_values.target_id
left join best on goals.target_id = best.target_id and best.place = 1
