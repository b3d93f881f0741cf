-- What each dealer ordered and sold in a month and what its customers answered, without a gap from its first month to the
-- month of the business date. `order_level` compares a whole month with the mean of the dealer's whole months, and
-- `score_deviation_rate` the mean answer with that of all answers about it: large dealers and popular ones weigh no more.
with
moves as (
    select
        dealer_key,
        cast(date_trunc('month', moved_date) as date) as month_start_date,
        sum(case when move_type = 'ordered' then units else 0 end) as sell_in_units,
        sum(case when move_type = 'ordered' then amount else 0 end) as sell_in_amount,
        sum(case when move_type = 'sent_back' then units else 0 end) as returned_units,
        sum(case move_type when 'sold' then units when 'brought_back' then -units else 0 end) as sell_out_units,
        sum(case when move_type in ('sold', 'brought_back') then amount else 0 end) as sell_out_amount,
        min(case when move_type = 'ordered' then moved_date end) as first_ordered_date
    from {{ ref('int_dealer_moves_united') }}
    group by dealer_key, cast(date_trunc('month', moved_date) as date)
),

answers as (
    select
        dealer_key,
        cast(date_trunc('month', answered_date) as date) as month_start_date,
        count(*) as answer_count,
        sum(score_rate) as score_rate_sum
    from {{ ref('fct_satisfaction_scores') }}
    where score_rate is not null and answered_date <= {{ business_date() }}
    group by dealer_key, cast(date_trunc('month', answered_date) as date)
),

months as (
    select distinct
        month_start_date,
        cast({{ dbt.last_day('month_start_date', 'month') }} as date) as month_end_date
    from {{ ref('dim_dates') }}
    where date_day <= {{ business_date() }}
),

dealers as (
    select
        dealer_key,
        min(month_start_date) as first_month_date,
        cast(date_trunc('month', min(first_ordered_date)) as date) as first_order_month_date
    from (
        select
            dealer_key,
            month_start_date,
            first_ordered_date
        from moves
        union all
        select
            dealer_key,
            month_start_date,
            cast(null as date) as first_ordered_date
        from answers
    ) as seen
    where dealer_key <> 'unknown'
    group by dealer_key
),

-- The month of the first order is seldom a whole one.
filled as (
    select
        dealers.dealer_key,
        months.month_start_date,
        months.month_end_date <= {{ business_date() }} as is_complete,
        coalesce(
            months.month_start_date > dealers.first_order_month_date
            and months.month_end_date <= {{ business_date() }},
            false
        ) as is_compared,
        coalesce(moves.sell_in_units, 0) as sell_in_units,
        coalesce(moves.sell_in_amount, 0) as sell_in_amount,
        coalesce(moves.returned_units, 0) as returned_units,
        coalesce(moves.sell_out_units, 0) as sell_out_units,
        coalesce(moves.sell_out_amount, 0) as sell_out_amount,
        coalesce(answers.answer_count, 0) as answer_count,
        coalesce(answers.score_rate_sum, 0) as score_rate_sum
    from dealers
    inner join months on dealers.first_month_date <= months.month_start_date
    left join moves
        on dealers.dealer_key = moves.dealer_key and months.month_start_date = moves.month_start_date
    left join answers
        on dealers.dealer_key = answers.dealer_key and months.month_start_date = answers.month_start_date
),

meant as (
    select
        filled.*,
        sum(case when is_compared then sell_in_units end) over (partition by dealer_key) as compared_units,
        sum(case when is_compared then 1 else 0 end) over (partition by dealer_key) as compared_months,
        sum(score_rate_sum) over (partition by dealer_key) as all_score_rate_sum,
        sum(answer_count) over (partition by dealer_key) as all_answer_count
    from filled
)

select
    dealer_key,
    month_start_date,
    is_complete,
    cast(sell_in_units as bigint) as sell_in_units,
    cast(sell_in_amount as decimal(18, 4)) as sell_in_amount,
    cast(returned_units as bigint) as returned_units,
    cast(sell_out_units as bigint) as sell_out_units,
    cast(sell_out_amount as decimal(18, 4)) as sell_out_amount,
    cast(answer_count as bigint) as answer_count,
    cast(score_rate_sum as decimal(28, 8)) as score_rate_sum,
    case when is_compared then {{ ratio('sell_in_units * compared_months', 'compared_units') }} end as order_level,
    cast(
        {{ ratio('score_rate_sum', 'answer_count') }} - {{ ratio('all_score_rate_sum', 'all_answer_count') }}
        as decimal(28, 8)
    ) as score_deviation_rate
from meant
