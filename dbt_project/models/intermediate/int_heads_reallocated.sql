-- How many heads each region would have, if heads went where the next one brings most. What a region's deals would bring
-- at the win rate of the whole company is taken to grow with its heads to a power below one (returns_rate), so each
-- further head brings less and each taken away costs more. With returns like these, taking one head after another from
-- where it brings least to where it brings most ends at the best there is (Fox 1966, Management Science 13, 210-216), and
-- the n-th move is the n-th smallest loss with the n-th largest gain: no step has to know the one before. Two regions that
-- differ by no more than chance exchange nobody: of all pairs the furthest apart look different also where all are alike, so
-- the probability counts as often as there are pairs (Bonferroni). Nor does anybody leave a market that nobody worked: that
-- it brought few deals does not say that it has few.
with
measured as (
    select * from {{ ref('int_region_periods_measured') }}
    where period_grain = 'year' and region_key <> 'unknown'
),

rules as (
    select * from {{ ref('stg_settings__comparison_rules') }}
),

sellers as (
    select
        rep_key,
        region_key
    from {{ ref('int_sales_reps_employed') }}
    where is_selling and {{ business_date() }} >= from_date and {{ business_date() }} < until_date
),

heads as (
    select
        region_key,
        count(*) as head_count
    from sellers
    group by region_key
),

-- A region with amounts of enough deals tells what a deal of the company is worth; where none has enough, all that are known.
company as (
    select
        cast(sum(measured.won_count) as double) / nullif(sum(measured.closed_count), 0) as win_rate,
        coalesce(
            sum(case when measured.won_with_amount_count >= rules.least_count then {{ amount_of_all_won() }} end)
            / nullif(sum(case when measured.won_with_amount_count >= rules.least_count then measured.won_count end), 0),
            cast(sum(measured.won_amount) as double) / nullif(sum(measured.won_with_amount_count), 0)
        ) as deal_amount,
        count(*) as region_count
    from measured
    cross join rules
),

sizes as (
    select
        measured.region_key,
        company.win_rate,
        company.deal_amount,
        company.region_count,
        measured.won_with_amount_count,
        cast(measured.won_amount as double) / nullif(measured.won_with_amount_count, 0) as own_deal_amount,
        -- relative variance of the mean of so many amounts
        greatest(
            0,
            cast(measured.won_squares as double)
            / nullif(cast(measured.won_amount as double) * cast(measured.won_amount as double), 0)
            - 1 / cast(nullif(measured.won_with_amount_count, 0) as double)
        ) as size_variance
    from measured
    cross join company
),

-- What a deal of the region is worth counts where it surely differs from that of all, else the one of all does. Only deals with
-- an amount tell it, and of few the spread is not known well enough to be sure of.
sized as (
    select
        sizes.*,
        case
            when sizes.won_with_amount_count < rules.least_count or sizes.own_deal_amount in (0, sizes.deal_amount) then false
            when sizes.size_variance < 1e-12 then true
            else
                least(1, sizes.region_count * {{ two_sided_p(
                    '((sizes.own_deal_amount - sizes.deal_amount) / sizes.own_deal_amount / sqrt(sizes.size_variance))'
                ) }}) <= rules.significance
        end as is_own_size
    from sizes
    cross join rules
),

unworked as (
    select distinct region_key from {{ ref('int_regions_compared') }}
    where verdict = 'unworked'
),

regions as (
    select
        measured.region_key,
        measured.period_start_date,
        measured.period_end_date,
        measured.closed_count,
        heads.head_count,
        cast(measured.head_days as double) / measured.day_count as average_heads,
        coalesce(
            measured.closed_count * sized.win_rate * case when sized.is_own_size then sized.own_deal_amount else sized.deal_amount end,
            0
        ) as potential_amount,
        rules.minimum_heads,
        cast(rules.returns_rate as double) as returns_rate,
        rules.least_gain_rate,
        -- deals come as chance brings them, and so do their amounts
        1 / cast(nullif(measured.closed_count, 0) as double)
        + case when sized.is_own_size then sized.size_variance else 0 end as log_variance,
        -- a region with too few deals to judge keeps whom it has
        measured.closed_count >= rules.least_count as is_enough,
        unworked.region_key is not null as is_unworked
    from measured
    inner join heads on measured.region_key = heads.region_key
    inner join sized on measured.region_key = sized.region_key
    left join unworked on measured.region_key = unworked.region_key
    cross join rules
),

limits as (
    select
        greatest(1, floor(sum(regions.head_count) * max(rules.most_moved_rate))) as most_moves,
        max(cast(rules.least_gain_rate as double)) as least_gain_rate,
        max(rules.significance) as significance,
        count(*) filter (where regions.is_enough) * (count(*) filter (where regions.is_enough) - 1) / 2 as pair_count
    from regions
    cross join rules
),

-- No region can get or lose more heads than there are.
steps as (
    select row_number() over (order by rep_key asc) as step
    from sellers
),

valued as (
    select
        regions.region_key,
        steps.step,
        coalesce(regions.log_variance, 0) as log_variance,
        regions.potential_amount * (
            power((regions.head_count + steps.step) / regions.average_heads, regions.returns_rate)
            - power((regions.head_count + steps.step - 1) / regions.average_heads, regions.returns_rate)
        ) as gain,
        case
            when regions.head_count - steps.step >= regions.minimum_heads and not regions.is_unworked
                then regions.potential_amount * (
                    power((regions.head_count - steps.step + 1) / regions.average_heads, regions.returns_rate)
                    - power((regions.head_count - steps.step) / regions.average_heads, regions.returns_rate)
                )
        end as loss
    from regions
    cross join steps
    cross join limits
    where steps.step <= limits.most_moves and regions.is_enough and regions.average_heads > 0
),

gains as (
    select
        region_key,
        gain,
        log_variance,
        row_number() over (order by gain desc, region_key asc, step asc) as move_number
    from valued
),

losses as (
    select
        region_key,
        loss,
        log_variance,
        row_number() over (order by loss asc, region_key asc, step asc) as move_number
    from valued
    where loss is not null
),

moves as (
    select
        gains.region_key as to_region_key,
        losses.region_key as from_region_key
    from gains
    inner join losses on gains.move_number = losses.move_number
    inner join limits
        on
            gains.move_number <= limits.most_moves
            and gains.gain > losses.loss * (1 + limits.least_gain_rate)
            -- where nothing is lost there is nothing to be unsure of
            and (
                losses.loss <= 0
                or least(1, limits.pair_count * {{ two_sided_p(
                    '(ln(nullif(gains.gain, 0) / nullif(losses.loss, 0)) / sqrt(nullif(gains.log_variance + losses.log_variance, 0)))'
                ) }}) <= limits.significance
            )
),

changes as (
    select
        region_key,
        sum(change_count) as change_count
    from (
        select
            to_region_key as region_key,
            1 as change_count
        from moves
        union all
        select
            from_region_key as region_key,
            -1 as change_count
        from moves
    ) as moved
    group by region_key
)

select
    regions.region_key,
    regions.period_start_date,
    regions.period_end_date,
    regions.closed_count,
    regions.head_count,
    regions.average_heads,
    regions.potential_amount,
    regions.minimum_heads,
    regions.is_enough,
    coalesce(changes.change_count, 0) as change_count,
    case
        when changes.change_count is null then 0
        else
            regions.potential_amount * (
                power((regions.head_count + changes.change_count) / regions.average_heads, regions.returns_rate)
                - power(regions.head_count / regions.average_heads, regions.returns_rate)
            )
    end as change_amount,
    next_head.gain as next_head_amount,
    next_head.loss as last_head_amount
from regions
left join changes on regions.region_key = changes.region_key
left join valued as next_head on regions.region_key = next_head.region_key and next_head.step = 1
