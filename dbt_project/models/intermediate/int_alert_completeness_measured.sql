{%- set key = ['metric_id', 'period_grain', 'dimension_name', 'dimension_value', 'period_start_date'] -%}
-- How much of a figure is there so many days after the end of its period, by what was published of it night by night: nine of ten
-- periods of the last year had at least this share of what they are said to be now.
with
{{ said_of_asked("allows_late and rule_state <> 'off'") }},

-- What was first published long after its end was not watched, and what has just ended may move still.
watched as (
    select
        {{ key | join(', ') }},
        max(period_end_date) as period_end_date,
        max_by(value, version) as last_value
    from said
    group by {{ key | join(', ') }}
    having
        min(business_date) <= max(period_end_date) + 7
        and max(period_end_date) <= {{ business_date() }} - 31
        and max_by(value, version) > 0
),

ages as (
    select cast({{ dbt.datediff('date_day', business_date(), 'day') }} as integer) as age_days
    from {{ ref('dim_dates') }}
    where date_day between {{ business_date() }} - 30 and {{ business_date() }}
),

aged as (
    select
        {% for column in key %}
        watched.{{ column }},
        {% endfor %}
        ages.age_days,
        cast(max_by(said.value, said.version) as double) / cast(max(watched.last_value) as double) as there_rate
    from watched
    inner join said
        on {{ same_key('watched', 'said', key) }}
    inner join ages on said.business_date <= watched.period_end_date + ages.age_days
    group by
        watched.metric_id, watched.period_grain, watched.dimension_name, watched.dimension_value, watched.period_start_date,
        ages.age_days
),

measured as (
    select
        metric_id,
        period_grain,
        dimension_name,
        age_days,
        -- between nothing and something there is no share that nine of ten had
        case
            when 10 * count(*) filter (where there_rate <= 0) > count(*) then cast(0 as decimal(18, 8))
            else cast(percentile_cont(0.1) within group (order by greatest(least(there_rate, 1), 0)) as decimal(18, 8))
        end as completeness_rate
    from aged
    group by metric_id, period_grain, dimension_name, age_days
    having count(*) >= 20
)

select * from measured
where completeness_rate < 1
