-- Whether a dealer orders more after its customers were content: order levels beside the scores of the same month and of
-- one, two and three months before, over all dealers and by region. The correlation is Spearman's, which is Pearson's of
-- ranks, ties sharing their mean rank: scores are steps of a scale, and one restocking must not decide. Its standard error is
-- that of Bonett and Wright (Psychometrika 65, 2000) with the mean of each dealer taken off the degrees of freedom. Four
-- lags are looked at, so each interval holds with 98.75 %, all four together with 95 %.
{%- set lags = [0, 1, 2, 3] %}
{%- set quantile = 2.497705 %}
with
months as (
    select * from {{ ref('int_dealer_months_scored') }}
),

dealers as (
    select * from {{ ref('dim_dealers') }}
),

lags as (
    {% for lag in lags %}
    select {{ lag }} as lag_months
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

pairs as (
    {% for lag in lags %}
    select
        {{ lag }} as lag_months,
        ordered.dealer_key,
        dealers.region_key,
        ordered.order_level,
        scored.score_deviation_rate
    from months as ordered
    inner join dealers on ordered.dealer_key = dealers.dealer_key
    inner join months as scored
        on
            ordered.dealer_key = scored.dealer_key
            and cast({{ dbt.dateadd('month', -lag, 'ordered.month_start_date') }} as date) = scored.month_start_date
    where ordered.order_level is not null and scored.score_deviation_rate is not null
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

-- A lag without a pair is there too, and says so.
members as (
    select
        lag_months,
        'total' as dimension_name,
        'total' as dimension_value
    from lags
    union all
    select distinct
        lags.lag_months,
        'region' as dimension_name,
        dealers.region_key as dimension_value
    from lags
    cross join dealers
    where dealers.dealer_key <> 'unknown'
),

placed as (
    select
        lag_months,
        'total' as dimension_name,
        'total' as dimension_value,
        dealer_key,
        order_level,
        score_deviation_rate
    from pairs
    union all
    select
        lag_months,
        'region' as dimension_name,
        region_key as dimension_value,
        dealer_key,
        order_level,
        score_deviation_rate
    from pairs
),

ranked as (
    select
        placed.*,
        {{ mean_rank('order_level', ['lag_months', 'dimension_name', 'dimension_value']) }} as order_rank,
        {{ mean_rank('score_deviation_rate', ['lag_months', 'dimension_name', 'dimension_value']) }} as score_rank
    from placed
),

correlated as (
    select
        lag_months,
        dimension_name,
        dimension_value,
        count(*) as pair_count,
        count(distinct dealer_key) as dealer_count,
        case
            when min(order_rank) < max(order_rank) and min(score_rank) < max(score_rank)
                then least(greatest(corr(order_rank, score_rank), -1), 1)
        end as spearman,
        case
            when min(order_rank) < max(order_rank) and min(score_rank) < max(score_rank)
                then corr(cast(order_level as double), cast(score_deviation_rate as double))
        end as pearson
    from ranked
    group by lag_months, dimension_name, dimension_value
),

-- Fisher's z; a perfect order of all pairs has no finite one and stays what it is.
widened as (
    select
        correlated.*,
        case when abs(spearman) < 1 then 0.5 * ln((1 + spearman) / (1 - spearman)) end as z,
        {{ quantile }} * sqrt((1 + spearman * spearman / 2) / nullif(greatest(pair_count - dealer_count - 2, 0), 0)) as half_width
    from correlated
),

bounded as (
    select
        members.lag_months,
        members.dimension_name,
        members.dimension_value,
        coalesce(widened.pair_count, 0) as pair_count,
        coalesce(widened.dealer_count, 0) as dealer_count,
        widened.spearman,
        widened.pearson,
        case
            when abs(widened.spearman) = 1 then widened.spearman
            else 1 - 2 / (exp(2 * (widened.z - widened.half_width)) + 1)
        end as low,
        case
            when abs(widened.spearman) = 1 then widened.spearman
            else 1 - 2 / (exp(2 * (widened.z + widened.half_width)) + 1)
        end as high
    from members
    left join widened
        on
            members.lag_months = widened.lag_months
            and members.dimension_name = widened.dimension_name
            and members.dimension_value = widened.dimension_value
)

select
    cast(lag_months as bigint) as lag_months,
    dimension_name,
    dimension_value,
    cast(pair_count as bigint) as pair_count,
    cast(dealer_count as bigint) as dealer_count,
    cast(spearman as decimal(28, 8)) as spearman_coefficient,
    cast(low as decimal(28, 8)) as spearman_low_coefficient,
    cast(high as decimal(28, 8)) as spearman_high_coefficient,
    cast(pearson as decimal(28, 8)) as pearson_coefficient,
    case
        when pair_count < 30 or low is null then 'insufficient'
        when low > 0 then 'positive'
        when high < 0 then 'negative'
        else 'none'
    end as verdict
from bounded
