-- How soon customers come back to a line, now and before: ends per day waited. A line has changed when it differs both from
-- itself before and from what all other lines did in the same time: a holiday shortens the cycle of everything and changes no
-- line, and a line that stayed as it was does not change because another one did. The less sure of the two tests counts.
with
medians as (
    select * from {{ ref('int_repurchase_medians') }}
),

by_window as (
    select * from {{ ref('int_repurchase_ends_summed') }}
),

-- What a customer did in all lines but this one is the difference of the two, and so are the sums of its squares.
by_others as (
    select
        by_window.*,
        sum(ended_count) over (partition by month_start_date, window_type) - ended_count as other_ended_count,
        sum(gap_days) over (partition by month_start_date, window_type) - gap_days as other_gap_days,
        sum(all_ends_squares) over (partition by month_start_date, window_type)
        - 2 * all_ends_squares + own_ends_squares as other_ends_squares,
        sum(all_products) over (partition by month_start_date, window_type)
        - 2 * all_products + own_products as other_products,
        sum(all_days_squares) over (partition by month_start_date, window_type)
        - 2 * all_days_squares + own_days_squares as other_days_squares
    from by_window
),

varied as (
    select
        by_others.*,
        greatest(
            {{ clustered_variance('ended_count', 'gap_days', 'own_ends_squares', 'own_products', 'own_days_squares') }},
            1 / cast(nullif(ended_count, 0) as double)
        ) as variance,
        greatest(
            {{ clustered_variance('other_ended_count', 'other_gap_days', 'other_ends_squares', 'other_products', 'other_days_squares') }},
            1 / cast(nullif(other_ended_count, 0) as double)
        ) as other_variance
    from by_others
),

beside as (
    select
        month_start_date,
        period_end_date,
        product_line,
        {% for window, name in [('now', ''), ('before', 'previous_')] %}
        {% for column in ['customer_count', 'gap_count', 'ended_count', 'gap_days', 'other_ended_count', 'other_gap_days'] %}  -- noqa: LT02
        cast(coalesce(max({{ column }}) filter (where window_type = '{{ window }}'), 0) as bigint) as {{ name }}{{ column }},
        {% endfor %}
        max(variance) filter (where window_type = '{{ window }}') as {{ name }}variance,
        max(other_variance) filter (where window_type = '{{ window }}') as {{ name }}other_variance{{ "," if not loop.last }}
        {% endfor %}  -- noqa: LT02
    from varied
    group by month_start_date, period_end_date, product_line
),

history as (
    select min(order_date) as first_date from {{ ref('fct_repurchase_gaps') }}
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
                least(beside.ended_count, beside.customer_count) >= rules.least_count
                and least(beside.previous_ended_count, beside.previous_customer_count) >= rules.least_count
                and history.first_date <= beside.period_end_date - 172
                then
                    ln(
                        (cast(beside.previous_ended_count as double) / beside.previous_gap_days)
                        / (cast(beside.ended_count as double) / beside.gap_days)
                    )
        end as own_log,
        case
            when beside.other_ended_count > 0 and beside.previous_other_ended_count > 0
                then
                    ln(
                        (cast(beside.previous_other_ended_count as double) / beside.previous_other_gap_days)
                        / (cast(beside.other_ended_count as double) / beside.other_gap_days)
                    )
        end as other_log,
        beside.variance + beside.previous_variance as own_variance,
        coalesce(beside.other_variance + beside.previous_other_variance, 0) as others_variance
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
                    {{ two_sided_p('((own_log - coalesce(other_log, 0)) / sqrt(own_variance + others_variance))') }}
                )
        end as p_value
    from rated
),

guarded as (
    {{ false_discovery_rates('tested', 'p_value', ['month_start_date']) }}
)

select
    guarded.*,
    guarded.gap_days as waited_days,
    guarded.previous_gap_days as previous_waited_days,
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
