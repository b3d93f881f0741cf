{%- set months_of_goal = dbt.datediff('targets.starts_on', 'targets.due_on', 'month') ~ ' + 1' -%}
-- What history says to a goal: as long a time before it, the same days a year before, and the best month of two years.
with
goals as (
    select
        targets.target_id,
        targets.aggregation,
        targets.direction,
        targets.starts_on,
        -- before whole months as many whole ones; before any other days as many days
        case
            when
                cast(date_trunc('month', targets.starts_on) as date) = targets.starts_on
                and cast({{ dbt.last_day('targets.due_on', 'month') }} as date) = targets.due_on
                then cast({{ dbt.dateadd('month', '-(' ~ months_of_goal ~ ')', 'targets.starts_on') }} as date)
            else targets.starts_on - 1 - cast({{ dbt.datediff('targets.starts_on', 'targets.due_on', 'day') }} as integer)
        end as before_starts_on,
        targets.starts_on - 1 as before_ends_on,
        cast({{ dbt.dateadd('year', '-1', 'targets.starts_on') }} as date) as year_starts_on,
        cast({{ dbt.dateadd('year', '-1', 'targets.due_on') }} as date) as year_ends_on,
        paces.is_by_workdays,
        paces.pace_count
    from {{ ref('int_targets_defined') }} as targets
    inner join {{ ref('int_targets_paced') }} as paces on targets.target_id = paces.target_id
    where targets.is_known_metric
),

history as (
    select
        goals.*,
        followed.period_grain,
        followed.period_start_date,
        followed.period_end_date,
        followed.numerator,
        followed.denominator,
        followed.value,
        cast(date_trunc('month', followed.period_start_date) as date) as month_start_date,
        -- zeros are there from the company's first day on: the history of a member begins with its first figure
        min(
            case
                when coalesce(followed.numerator, followed.value) <> 0 or followed.denominator <> 0 then followed.period_start_date
            end
        ) over (partition by goals.target_id) as first_date
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

-- What a month brought, and from when to when; a quarter that is known as a whole stands for its months, and weeks have
-- days of their own.
months as (
    select
        target_id,
        aggregation,
        direction,
        is_by_workdays,
        pace_count,
        period_grain,
        month_start_date,
        case period_grain when 'week' then min(period_start_date) else month_start_date end as starts_on,
        case period_grain when 'day' then cast({{ dbt.last_day('month_start_date', 'month') }} as date) else max(period_end_date) end
            as ends_on,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        max_by(value, period_start_date) filter (where value is not null) as latest_value
    from history
    where
        first_date <= month_start_date
        and cast({{ dbt.last_day('month_start_date', 'month') }} as date) <= {{ business_date() }}
        and cast({{ dbt.last_day('month_start_date', 'month') }} as date) < starts_on
        and period_end_date < starts_on
        and month_start_date >= starts_on - 731
    group by target_id, aggregation, direction, is_by_workdays, pace_count, period_grain, month_start_date
),

days as (
    select
        months.target_id,
        months.month_start_date,
        sum(case when dates.is_workday or not months.is_by_workdays then 1 else 0 end) as pace_count
    from months
    inner join {{ ref('dim_dates') }} as dates on dates.date_day between months.starts_on and months.ends_on
    group by months.target_id, months.month_start_date
),

-- What adds up is told as what its pace would come to over the workdays of the goal, or over its days, as int_targets_paced has it.
paced as (
    select
        months.target_id,
        months.direction,
        months.period_grain,
        months.month_start_date,
        case months.aggregation
            when 'sum' then {{ ratio('months.numerator * months.pace_count', 'days.pace_count') }}
            when 'ratio' then {{ ratio('months.numerator', 'months.denominator') }}
            else months.latest_value
        end as month_value
    from months
    inner join days on months.target_id = days.target_id and months.month_start_date = days.month_start_date
),

best as (
    select
        target_id,
        month_value as best_value,
        month_start_date as best_month_date,
        case period_grain when 'quarter' then 'quarter' else 'month' end as best_grain,
        row_number() over (
            partition by target_id
            order by case when direction = 'down' then month_value else -month_value end asc, month_start_date asc
        ) as place,
        count(*) over (partition by target_id) as month_count
    from paced
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
    best.best_grain,
    goals.is_by_workdays,
    coalesce(best.month_count, 0) as month_count
from goals
left join before_values on goals.target_id = before_values.target_id
left join year_values on goals.target_id = year_values.target_id
left join best on goals.target_id = best.target_id and best.place = 1
