-- Two members of a dimension compared by win rate: over all, and within the segments of another dimension. Simpson's paradox
-- (Simpson 1951) is where the two disagree. Within the segments the test is that of Cochran, Mantel and Haenszel (1959),
-- and the difference that of Mantel and Haenszel, so each segment counts by the deals that both have in it. Sellers are
-- compared with those of their own region. One of each pair is first: the member whose name sorts first.
{%- set comparisons = [
    ('rep', 'rep_key', 'industry', 'industry', 'rep_region_key'),
    ('rep', 'rep_key', 'product_line', 'product_line', 'rep_region_key'),
    ('region', 'region_key', 'industry', 'industry', "'all'"),
    ('region', 'region_key', 'product_line', 'product_line', "'all'"),
    ('product_line', 'product_line', 'industry', 'industry', "'all'"),
    ('industry', 'industry', 'product_line', 'product_line', "'all'"),
] %}
with
crossed as (
    {% for dimension, member, segment_type, segment, peers in comparisons %}
    select
        '{{ dimension }}' as member_type,
        '{{ segment_type }}' as segment_type,
        {{ peers }} as peer_group,
        {{ member }} as member_key,
        {{ segment }} as segment,
        sum(closed_count) as closed_count,
        sum(won_count) as won_count
    from {{ ref('int_deals_crossed') }}
    where {{ member }} <> 'unknown'
    group by {{ ([peers] if "'" not in peers else []) | join(', ') }}{{ ', ' if "'" not in peers }}{{ member }}, {{ segment }}
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

rules as (
    select * from {{ ref('stg_settings__comparison_rules') }}
),

-- Over all is over all: also deals of which nobody knows the segment.
members as (
    select
        member_type,
        segment_type,
        peer_group,
        member_key,
        sum(closed_count) as closed_count,
        sum(won_count) as won_count
    from crossed
    group by member_type, segment_type, peer_group, member_key
),

cells as (
    select * from crossed
    where segment <> 'unknown'
),

pairs as (
    select
        own.member_type,
        own.segment_type,
        own.peer_group,
        own.member_key,
        other.member_key as other_key,
        own.closed_count,
        own.won_count,
        other.closed_count as other_closed_count,
        other.won_count as other_won_count
    from members as own
    inner join members as other
        on
            own.member_type = other.member_type
            and own.segment_type = other.segment_type
            and own.peer_group = other.peer_group
            and own.member_key < other.member_key
    inner join rules on own.closed_count >= rules.least_count and other.closed_count >= rules.least_count
),

strata as (
    select
        pairs.member_type,
        pairs.segment_type,
        pairs.member_key,
        pairs.other_key,
        cast(own.closed_count as double) as n1,
        cast(other.closed_count as double) as n0,
        cast(own.won_count as double) as a1,
        cast(other.won_count as double) as a0,
        cast(own.closed_count + other.closed_count as double) as n,
        cast(own.won_count + other.won_count as double) as m1,
        own.closed_count >= rules.least_segment_count and other.closed_count >= rules.least_segment_count as is_enough
    from pairs
    inner join cells as own
        on
            pairs.member_type = own.member_type
            and pairs.segment_type = own.segment_type
            and pairs.peer_group = own.peer_group
            and pairs.member_key = own.member_key
    inner join cells as other
        on
            own.member_type = other.member_type
            and own.segment_type = other.segment_type
            and own.peer_group = other.peer_group
            and own.segment = other.segment
            and pairs.other_key = other.member_key
    cross join rules
),

within as (
    select
        member_type,
        segment_type,
        member_key,
        other_key,
        count(*) as segment_count,
        count(*) filter (where is_enough) as counted_segment_count,
        count(*) filter (where is_enough and a1 / n1 > a0 / n0) as better_segment_count,
        count(*) filter (where is_enough and a1 / n1 < a0 / n0) as worse_segment_count,
        sum((a1 * n0 - a0 * n1) / n) / sum(n1 * n0 / n) as adjusted_difference,
        (sum(a1) - sum(n1 * m1 / n))
        / nullif(sqrt(sum(case when n > 1 then n1 * n0 * m1 * (n - m1) / (n * n * (n - 1)) else 0 end)), 0) as adjusted_z
    from strata
    group by member_type, segment_type, member_key, other_key
)

select
    pairs.member_type,
    pairs.segment_type,
    pairs.peer_group,
    pairs.member_key,
    pairs.other_key,
    pairs.closed_count,
    pairs.won_count,
    pairs.other_closed_count,
    pairs.other_won_count,
    within.segment_count,
    within.counted_segment_count,
    within.better_segment_count,
    within.worse_segment_count,
    within.adjusted_difference,
    {{ two_shares_p(
        'pairs.won_count', 'pairs.closed_count', 'pairs.other_won_count', 'pairs.other_closed_count'
    ) }} as p_value,
    {{ two_sided_p('coalesce(within.adjusted_z, 0)') }} as adjusted_p_value,
    rules.significance
from pairs
inner join within
    on
        pairs.member_type = within.member_type
        and pairs.segment_type = within.segment_type
        and pairs.member_key = within.member_key
        and pairs.other_key = within.other_key
cross join rules
