-- Gaps between outgoing contacts with a customer who was there and in no last tier when the gap ended. A gap that is still
-- running at the end of a week counts in it once it is longer than the mean of all gaps that had ended by then, so that
-- customers whom nobody calls any more make the figure worse, not better. Gaps are whole microseconds up to the last step, for sums of
-- fractions of an hour would depend on the order of rows.
with
tiers as (
    select
        history.customer_key,
        history.valid_from_date,
        coalesce(history.valid_to_date, {{ business_date() }}) as valid_to_date
    from {{ ref('dim_customer_tiers') }} as history
    where history.tier_priority is not null and not history.is_last_tier and not history.is_deleted
),

touches as (
    select
        touches.customer_key,
        touches.occurred_date,
        touches.occurred_at,
        reps.team,
        lead(touches.occurred_at) over (
            partition by touches.customer_key order by touches.occurred_at asc, touches.touchpoint_key asc
        ) as next_at,
        lead(touches.occurred_date) over (
            partition by touches.customer_key order by touches.occurred_at asc, touches.touchpoint_key asc
        ) as next_date
    from {{ ref('fct_touchpoints') }} as touches
    inner join {{ ref('dim_sales_reps') }} as reps on touches.rep_key = reps.rep_key
    where
        touches.direction = 'outbound'
        and touches.customer_key <> 'unknown'
        and touches.occurred_date <= {{ business_date() }}
),

ended as (
    select
        cast(date_trunc('week', ended_date) as date) as week_start_date,
        team,
        {{ microseconds_between('started_at', 'ended_at') }} as gap_microseconds
    from {{ ref('fct_follow_up_gaps') }}
),

weeks as (
    select distinct
        week_start_date,
        least(week_start_date + 7, {{ business_date() }} + 1) as end_date
    from {{ ref('dim_dates') }}
    where
        week_start_date <= {{ business_date() }}
        and week_start_date >= (select min(first_week.week_start_date) from ended as first_week)
),

means as (
    select
        weeks.week_start_date,
        weeks.end_date,
        {{ day_begins_at('weeks.end_date') }} as last_moment,
        cast(sum(summed.gap_microseconds) over (order by weeks.week_start_date asc) as decimal(28, 0))
        / nullif(sum(summed.gap_count) over (order by weeks.week_start_date asc), 0) as mean_microseconds
    from weeks
    left join (
        select
            week_start_date,
            sum(gap_microseconds) as gap_microseconds,
            count(*) as gap_count
        from ended
        group by week_start_date
    ) as summed on weeks.week_start_date = summed.week_start_date
),

-- Most gaps end in the week in which they began: only the others are laid beside the ends of weeks.
open_at_an_end as (
    select
        customer_key,
        team,
        occurred_at,
        next_at
    from touches
    where
        next_date is null
        or cast(date_trunc('week', occurred_date) as date) < cast(date_trunc('week', next_date) as date)
),

running as (
    select
        means.week_start_date,
        touches.team,
        {{ microseconds_between('touches.occurred_at', 'means.last_moment') }} as gap_microseconds
    from means
    inner join open_at_an_end as touches
        on
            means.last_moment > touches.occurred_at
            and (touches.next_at is null or means.last_moment <= touches.next_at)
    inner join tiers
        on
            touches.customer_key = tiers.customer_key
            and means.end_date - 1 between tiers.valid_from_date and tiers.valid_to_date
    where {{ microseconds_between('touches.occurred_at', 'means.last_moment') }} > means.mean_microseconds
),

gaps as (
    select
        week_start_date,
        team,
        gap_microseconds
    from ended
    union all
    select
        week_start_date,
        team,
        gap_microseconds
    from running
),

cells as (
    {{ kpi_cells(
        'gaps',
        'week_start_date',
        {'team': 'team'},
        'cast(sum(gap_microseconds) as decimal(28, 0)) / 3600000000',
        'count(*)',
    ) | indent(4) }}
)

{{ kpi_ratio('follow_up_interval_hours', 'cells', ['week']) }}
