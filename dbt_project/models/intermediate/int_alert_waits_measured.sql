-- How long figures were still moving after their period had ended, by what was published of them night by night: after so many days
-- nine of ten periods of the last year were within 1 % of what they are said to be now. That there is nothing to divide by any more
-- is said, too.
with
{{ said_of_asked("wait_days is null and rule_state <> 'off' and metric_id is not null") }},

{%- set key = ['metric_id', 'period_grain', 'dimension_name', 'dimension_value', 'period_start_date'] %}

lasts as (
    select
        {{ key | join(', ') }},
        max(period_end_date) as period_end_date,
        max(version) as last_version,
        min(business_date) filter (where value is not null) as first_said_date
    from said
    group by {{ key | join(', ') }}
),

wrong as (
    select
        {% for column in key %}
        lasts.{{ column }},
        {% endfor %}
        max(lasts.period_end_date) as period_end_date,
        max(lasts.first_said_date) as first_said_date,
        max(
            case
                when said.value is null and now_said.value is null then null
                when abs(said.value - now_said.value) <= 0.01 * abs(now_said.value) then null
                else said.version
            end
        ) as last_wrong_version
    from lasts
    inner join said as now_said
        on {{ same_key('lasts', 'now_said', key) }} and lasts.last_version = now_said.version
    inner join said
        on {{ same_key('lasts', 'said', key) }}
    group by
        lasts.metric_id, lasts.period_grain, lasts.dimension_name, lasts.dimension_value, lasts.period_start_date
),

-- What was first published long after its end was not watched, and what has just ended may move still.
settled as (
    select
        {% for column in key %}
        wrong.{{ column }},
        {% endfor %}
        {{ dbt.datediff('wrong.period_end_date', 'min(said.business_date)', 'day') }} as settled_days
    from wrong
    inner join said
        on
            {{ same_key('wrong', 'said', key) }}
            and (wrong.last_wrong_version is null or wrong.last_wrong_version < said.version)
    where wrong.first_said_date <= wrong.period_end_date + 7 and wrong.period_end_date <= {{ business_date() }} - 31
    group by
        wrong.metric_id, wrong.period_grain, wrong.dimension_name, wrong.dimension_value, wrong.period_start_date, wrong.period_end_date
)

select
    metric_id,
    period_grain,
    dimension_name,
    cast(count(*) as bigint) as period_count,
    cast(ceil(percentile_cont(0.9) within group (order by cast(settled_days as double))) as integer) as wait_days
from settled
group by metric_id, period_grain, dimension_name
having count(*) >= 20
