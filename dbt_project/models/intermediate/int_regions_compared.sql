-- A region beside another one, or beside all others together, over the 365 days up to the business date. What is won per
-- head is deals per head × win rate × amount of a won deal; the gap is split into the three by logarithmic means, which
-- leaves no rest (LMDI: Ang 2005, Energy Policy 33, 867-871). Few deals per head are a full market only where as much of it
-- was reached as by the peer.
{%- set told = "sum(case when measured.all_won_amount is not null then measured.won_count else 0 end)" -%}
{%- set factor = "case when " ~ told ~ " = sum(measured.won_count) then 1.0 else cast(sum(measured.won_count) as double) / nullif("
    ~ told ~ ", 0) end" %}
with
measured as (
    select
        regions.*,
        {{ amount_of_all_won() }} as all_won_amount,
        -- a sum of so many deals as chance brings: its variance is the sum of their squares (a compound Poisson sum); of those
        -- that have an amount alone, for with fewer amounts one is less sure
        won_squares * power(cast(won_count as double) / nullif(won_with_amount_count, 0), 2) as all_won_variance
    from {{ ref('int_region_periods_measured') }} as regions
    where period_grain = 'year' and fte_days > 0 and region_key <> 'unknown'
),

rules as (
    select * from {{ ref('stg_settings__comparison_rules') }}
),

pairs as (
    select
        own.region_key,
        peer.region_key as peer_key,
        peer.region_key as with_region_key
    from measured as own
    inner join measured as peer on own.region_key <> peer.region_key
    union all
    select
        own.region_key,
        'peers' as peer_key,
        peer.region_key as with_region_key
    from measured as own
    inner join measured as peer on own.region_key <> peer.region_key
),

peers as (
    select
        pairs.region_key,
        pairs.peer_key,
        sum(measured.net_sales_amount) as net_sales_amount,
        sum(measured.closed_count) as closed_count,
        sum(measured.won_count) as won_count,
        sum(measured.won_with_amount_count) as won_with_amount_count,
        sum(measured.won_amount) as won_amount,
        -- each region's deals without an amount are worth what its others are; one that tells no amount, what those of all are
        sum(measured.all_won_amount) * {{ factor }} as all_won_amount,
        sum(measured.all_won_variance) * {{ factor }} * {{ factor }} as all_won_variance,
        sum(measured.fte_days) as fte_days,
        sum(measured.reached_customer_count) as reached_customer_count,
        sum(measured.addressable_customer_count) as addressable_customer_count
    from pairs
    inner join measured on pairs.with_region_key = measured.region_key
    group by pairs.region_key, pairs.peer_key
),

paired as (
    select
        own.period_start_date,
        own.period_end_date,
        own.day_count,
        own.region_key,
        peers.peer_key,
        own.net_sales_amount,
        peers.net_sales_amount as peer_net_sales_amount,
        own.closed_count,
        peers.closed_count as peer_closed_count,
        own.won_count,
        peers.won_count as peer_won_count,
        own.won_with_amount_count,
        peers.won_with_amount_count as peer_won_with_amount_count,
        own.won_amount,
        peers.won_amount as peer_won_amount,
        own.all_won_amount,
        peers.all_won_amount as peer_all_won_amount,
        own.all_won_variance,
        peers.all_won_variance as peer_all_won_variance,
        own.fte_days,
        peers.fte_days as peer_fte_days,
        own.reached_customer_count,
        peers.reached_customer_count as peer_reached_customer_count,
        own.addressable_customer_count,
        peers.addressable_customer_count as peer_addressable_customer_count,
        rules.least_change_rate,
        rules.significance,
        own.closed_count >= rules.least_count
        and peers.closed_count >= rules.least_count
        and own.won_amount > 0
        and peers.won_amount > 0 as is_enough
    from measured as own
    inner join peers on own.region_key = peers.region_key
    cross join rules
),

per_head as (
    select
        paired.*,
        cast(day_count as double) * cast(net_sales_amount as double) / cast(fte_days as double) as sales_per_head,
        cast(day_count as double) * cast(peer_net_sales_amount as double) / cast(peer_fte_days as double) as peer_sales_per_head,
        cast(day_count as double) * all_won_amount / cast(fte_days as double) as won_per_head,
        cast(day_count as double) * peer_all_won_amount / cast(peer_fte_days as double) as peer_won_per_head,
        case
            when is_enough
                then
                    ln(
                        (cast(closed_count as double) / cast(fte_days as double))
                        / (cast(peer_closed_count as double) / cast(peer_fte_days as double))
                    )
        end as deals_log,
        case
            when is_enough
                then ln((cast(won_count as double) / closed_count) / (cast(peer_won_count as double) / peer_closed_count))
        end as win_rate_log,
        case
            when is_enough
                then
                    all_won_variance / (all_won_amount * all_won_amount)
                    + peer_all_won_variance / (peer_all_won_amount * peer_all_won_amount)
        end as log_variance
    from paired
),

weighted as (
    select
        per_head.*,
        case when is_enough then {{ log_mean('won_per_head', 'peer_won_per_head') }} end as weight
    from per_head
),

-- Each part is rounded, and the last one is what is left: the three make the gap to the last digit.
split as (
    select
        weighted.*,
        cast(won_per_head as decimal(18, 4)) - cast(peer_won_per_head as decimal(18, 4)) as gap_amount,
        cast(weight * deals_log as decimal(18, 4)) as deals_gap_amount,
        cast(weight * win_rate_log as decimal(18, 4)) as win_rate_gap_amount
    from weighted
),

tested as (
    select
        split.*,
        case when is_enough then {{ two_sided_p('(ln(won_per_head / peer_won_per_head) / sqrt(log_variance))') }} end as p_value,
        cast(reached_customer_count as double) / nullif(addressable_customer_count, 0) as penetration,
        cast(peer_reached_customer_count as double) / nullif(peer_addressable_customer_count, 0) as peer_penetration,
        {{ two_shares_p(
            'reached_customer_count', 'addressable_customer_count', 'peer_reached_customer_count', 'peer_addressable_customer_count'
        ) }} as penetration_p_value
    from split
),

reached as (
    select
        tested.*,
        -- how far penetration is above what would be too low, in standard deviations
        (penetration - (1 - least_change_rate) * peer_penetration) / nullif(sqrt(
            penetration * (1 - penetration) / nullif(addressable_customer_count, 0)
            + (1 - least_change_rate) * (1 - least_change_rate)
            * peer_penetration * (1 - peer_penetration) / nullif(peer_addressable_customer_count, 0)
        ), 0) as penetration_z,
        count(peer_penetration) over (partition by region_key) as penetration_count
    from tested
),

compared as (
    select
        period_start_date,
        period_end_date,
        region_key,
        peer_key,
        net_sales_amount,
        peer_net_sales_amount,
        closed_count,
        peer_closed_count,
        won_count,
        peer_won_count,
        won_with_amount_count,
        peer_won_with_amount_count,
        won_amount,
        peer_won_amount,
        day_count,
        fte_days,
        peer_fte_days,
        reached_customer_count,
        peer_reached_customer_count,
        addressable_customer_count,
        peer_addressable_customer_count,
        least_change_rate,
        is_enough,
        cast(sales_per_head as decimal(18, 4)) as net_sales_per_head_amount,
        cast(peer_sales_per_head as decimal(18, 4)) as peer_net_sales_per_head_amount,
        cast(won_per_head as decimal(18, 4)) as won_per_head_amount,
        cast(peer_won_per_head as decimal(18, 4)) as peer_won_per_head_amount,
        p_value,
        -- of many peers one looks far away by chance: the probability counts as often as the region is compared (Bonferroni)
        coalesce(p_value * count(p_value) over (partition by region_key) <= significance, false) as is_sure,
        -- how much of the market was reached beside the peer: neither where either has nobody whom one may sell to
        coalesce(
            penetration <= (1 - least_change_rate) * peer_penetration and penetration_p_value * penetration_count <= significance,
            false
        ) as is_less_reached,
        coalesce(
            penetration > 0
            and (
                penetration >= peer_penetration
                or (penetration_z > 0 and {{ two_sided_p('penetration_z') }} * penetration_count <= significance)
            ),
            false
        ) as is_as_reached,
        cast(gap_amount as decimal(18, 4)) as gap_amount,
        deals_gap_amount,
        win_rate_gap_amount,
        cast(case when is_enough then gap_amount - deals_gap_amount - win_rate_gap_amount end as decimal(18, 4)) as deal_size_gap_amount
    from reached
),

rated as (
    select
        compared.*,
        {{ ratio('net_sales_per_head_amount - peer_net_sales_per_head_amount', 'peer_net_sales_per_head_amount') }} as net_sales_gap_rate,
        {{ ratio('gap_amount', 'peer_won_per_head_amount') }} as won_gap_rate,
        {{ ratio('deals_gap_amount', 'gap_amount') }} as deals_gap_share,
        {{ ratio('win_rate_gap_amount', 'gap_amount') }} as win_rate_gap_share
    from compared
)

select
    rated.*,
    case
        when not is_enough then 'too_few'
        when won_gap_rate > -least_change_rate then 'no_gap'
        when not is_sure then 'unsure'
        when deals_gap_share < 0.5 then 'capability'
        when is_less_reached then 'unworked'
        when is_as_reached then 'saturation'
        else 'unsure'
    end as verdict
from rated
