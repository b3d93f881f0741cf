-- How soon customers come back to a line, now and before: ends per day waited. A line has changed when it differs both from
-- itself before and from what all other lines did in the same time: a holiday shortens the cycle of everything and changes no
-- line, and a line that stayed as it was does not change because another one did. The less sure of the two tests counts.
with
medians as (
    select * from {{ ref('int_repurchase_medians') }}
),

waited as (
    select
        month_start_date,
        period_end_date,
        product_line,
        count(*) filter (where window_type = 'now') as gap_count,
        count(*) filter (where window_type = 'now' and is_ended) as ended_count,
        coalesce(sum(gap_days) filter (where window_type = 'now'), 0) as waited_days,
        count(*) filter (where window_type = 'before') as previous_gap_count,
        count(*) filter (where window_type = 'before' and is_ended) as previous_ended_count,
        coalesce(sum(gap_days) filter (where window_type = 'before'), 0) as previous_waited_days
    from {{ ref('int_repurchase_windows') }}
    group by month_start_date, period_end_date, product_line
),

beside as (
    select
        waited.*,
        sum(ended_count) over (partition by month_start_date) - ended_count as other_ended_count,
        sum(waited_days) over (partition by month_start_date) - waited_days as other_waited_days,
        sum(previous_ended_count) over (partition by month_start_date) - previous_ended_count as other_previous_ended_count,
        sum(previous_waited_days) over (partition by month_start_date) - previous_waited_days as other_previous_waited_days
    from waited
),

history as (
    select min(order_date) as first_date from {{ ref('int_repurchase_gaps') }}
),

rules as (
    select * from {{ ref('stg_settings__comparison_rules') }}
),

rated as (
    select
        beside.*,
        rules.significance,
        rules.least_change_rate,
        history.first_date <= beside.period_end_date - 172 as is_comparable,
        -- A company with one line has nothing beside it: then the line's own change is all there is.
        case
            when
                beside.ended_count >= rules.least_count
                and beside.previous_ended_count >= rules.least_count
                and history.first_date <= beside.period_end_date - 172
                then
                    ln(
                        (cast(beside.previous_ended_count as double) / beside.previous_waited_days)
                        / (cast(beside.ended_count as double) / beside.waited_days)
                    )
        end as own_log,
        case
            when beside.other_ended_count > 0 and beside.other_previous_ended_count > 0
                then
                    ln(
                        (cast(beside.other_previous_ended_count as double) / beside.other_previous_waited_days)
                        / (cast(beside.other_ended_count as double) / beside.other_waited_days)
                    )
        end as other_log,
        (
            1 / cast(nullif(beside.ended_count, 0) as double) + 1 / cast(nullif(beside.previous_ended_count, 0) as double)
        ) as own_variance,
        coalesce(
            1 / cast(nullif(beside.other_ended_count, 0) as double) + 1 / cast(nullif(beside.other_previous_ended_count, 0) as double),
            0
        ) as other_variance
    from beside
    cross join history
    cross join rules
),

tested as (
    select
        rated.*,
        exp(own_log) as own_factor,
        exp(own_log - coalesce(other_log, 0)) as cycle_factor,
        case
            when own_log is not null
                then greatest(
                    {{ two_sided_p('(own_log / sqrt(own_variance))') }},
                    {{ two_sided_p('((own_log - coalesce(other_log, 0)) / sqrt(own_variance + other_variance))') }}
                )
        end as p_value
    from rated
),

guarded as (
    {{ q_values('tested', ['month_start_date'], 'product_line asc') }}
)

select
    guarded.*,
    now.p50 as median_days,
    before.p50 as previous_median_days
from guarded
left join medians as now
    on
        guarded.month_start_date = now.month_start_date
        and guarded.product_line = now.product_line
        and now.window_type = 'now'
left join medians as before
    on
        guarded.month_start_date = before.month_start_date
        and guarded.product_line = before.product_line
        and before.window_type = 'before'
