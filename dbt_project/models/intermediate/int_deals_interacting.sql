{#- So often each of the three is fitted to what the other two leave, and so many deals of all it is drawn towards. -#}
{%- set rounds = 5 -%}
{%- set drawn = 10 -%}
-- Each pair, and all three, of industry × product line × seller: what was won beside what the three would lead one to
-- expect if each had its own win rate and nothing depended on a combination. On the scale of log odds an expected rate is
-- the rate of all, plus what the industry, the line and the seller each add. The three are fitted together, each in turn to
-- what the other two leave unexplained: a seller who serves one industry is not told to be good at what the industry is
-- easy at. Each step is drawn towards all deals by ten deals, so that a new seller's first deal does not say everything.
with
cells as (
    select
        industry,
        product_line,
        rep_key,
        sum(closed_count) as closed_count,
        sum(won_count) as won_count,
        sum(won_amount) as won_amount
    from {{ ref('int_deals_crossed') }}
    group by industry, product_line, rep_key
),

everything as (
    select
        cells.*,
        (cast(sum(won_count) over () as double) + 0.5) / (sum(closed_count) over () + 1) as win_rate
    from cells
),

fitted_0 as (
    select
        everything.*,
        ln(win_rate / (1 - win_rate)) as score
    from everything
),

{% set steps = [] -%}
{% for round in range(rounds) -%}
{% for name in ['industry', 'product_line', 'rep_key'] -%}
fitted_{{ steps | length + 1 }} as (
    select
        industry,
        product_line,
        rep_key,
        closed_count,
        won_count,
        won_amount,
        win_rate,
        score
        + ln(
            (sum(won_count) over (partition by {{ name }}) + {{ drawn }} * win_rate)
            / (sum(closed_count - won_count) over (partition by {{ name }}) + {{ drawn }} * (1 - win_rate))
        )
        - ln(
            (sum(closed_count / (1 + exp(-score))) over (partition by {{ name }}) + {{ drawn }} * win_rate)
            / (sum(closed_count / (1 + exp(score))) over (partition by {{ name }}) + {{ drawn }} * (1 - win_rate))
        ) as score
    from fitted_{{ steps | length }}
),

{% do steps.append(name) -%}
{% endfor -%}
{% endfor -%}
expected as (
    select
        fitted.*,
        1 / (1 + exp(-score)) as expected_rate
    from fitted_{{ steps | length }} as fitted
),

rolled_up as (
    select
        case
            when grouping(rep_key) = 1 then 'industry_line'
            when grouping(product_line) = 1 then 'industry_rep'
            when grouping(industry) = 1 then 'line_rep'
            else 'industry_line_rep'
        end as combination_type,
        coalesce(industry, 'all') as industry,
        coalesce(product_line, 'all') as product_line,
        coalesce(rep_key, 'all') as rep_key,
        sum(closed_count) as closed_count,
        sum(won_count) as won_count,
        sum(won_amount) as won_amount,
        sum(closed_count * expected_rate) as expected_won,
        sum(closed_count * expected_rate * (1 - expected_rate)) as variance
    from expected
    group by grouping sets (
        (industry, product_line), (industry, rep_key), (product_line, rep_key), (industry, product_line, rep_key)
    )
),

rules as (
    select * from {{ ref('stg_settings__comparison_rules') }}
),

tested as (
    select
        rolled_up.*,
        rules.significance,
        rules.least_change_rate,
        case
            when rolled_up.closed_count >= rules.least_count
                then {{ two_sided_p('((rolled_up.won_count - rolled_up.expected_won) / sqrt(rolled_up.variance))') }}
        end as p_value
    from rolled_up
    cross join rules
)

{{ false_discovery_rates('tested', 'p_value', ['combination_type']) }}
