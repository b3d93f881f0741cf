-- Each pair, and all three, of industry × product line × seller: what was won beside what the three would lead one to
-- expect if each had its own win rate and nothing depended on a combination. On the scale of log odds an expected rate is
-- the rate of all, plus how far the industry, the line and the seller each lie from it. Each of the three is drawn towards
-- all deals by ten deals, so that a new seller's first deal does not say everything.
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
    select (cast(sum(won_count) as double) + 0.5) / (sum(closed_count) + 1) as win_rate
    from cells
),

{% for name in ['industry', 'product_line', 'rep_key'] %}
by_{{ name }} as (
    select
        cells.{{ name }},
        ln(
            (sum(cells.won_count) + 10 * max(everything.win_rate))
            / (sum(cells.closed_count) - sum(cells.won_count) + 10 * (1 - max(everything.win_rate)))
        ) - ln(max(everything.win_rate) / (1 - max(everything.win_rate))) as effect
    from cells
    cross join everything
    group by cells.{{ name }}
),

{% endfor %}
expected as (
    select
        cells.*,
        1 / (
            1 + exp(-(
                ln(everything.win_rate / (1 - everything.win_rate)) + by_industry.effect + by_product_line.effect + by_rep_key.effect
            ))
        ) as expected_rate
    from cells
    inner join by_industry on cells.industry = by_industry.industry
    inner join by_product_line on cells.product_line = by_product_line.product_line
    inner join by_rep_key on cells.rep_key = by_rep_key.rep_key
    cross join everything
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

{{ q_values('tested', ['combination_type'], 'industry asc, product_line asc, rep_key asc') }}
