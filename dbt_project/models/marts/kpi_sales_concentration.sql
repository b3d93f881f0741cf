with
buyers as (
    select * from {{ ref('int_buyers_concentrated') }}
),

summed as (
    select
        scope_type,
        scope_value,
        cast(count(*) as bigint) as customer_count,
        cast(max(scope_amount) as decimal(18, 4)) as bought_amount,
        cast(sum(net_sales_amount) as decimal(18, 4)) as known_amount,
        cast(sum(case when place <= 1 then net_sales_amount else 0 end) as decimal(18, 4)) as top1_amount,
        cast(sum(case when place <= 3 then net_sales_amount else 0 end) as decimal(18, 4)) as top3_amount,
        cast(sum(case when place <= 10 then net_sales_amount else 0 end) as decimal(18, 4)) as top10_amount,
        max(case when place = 1 then customer_key end) as top_customer_key,
        cast(10000 * sum(share * share) as decimal(18, 4)) as hhi
    from buyers
    group by scope_type, scope_value
)

select
    scope_type,
    scope_value,
    customer_count,
    bought_amount,
    known_amount,
    top1_amount,
    top3_amount,
    top10_amount,
    {{ ratio('top1_amount', 'bought_amount') }} as cr1_rate,
    {{ ratio('top3_amount', 'bought_amount') }} as cr3_rate,
    {{ ratio('top10_amount', 'bought_amount') }} as cr10_rate,
    hhi,
    top_customer_key,
    -- as decimals: 240.60 of 300.75 are 80 % exactly
    top3_amount >= cast(bought_amount as decimal(28, 4)) * cast({{ var('concentration_cr3_rate') }} as decimal(9, 8))
        as is_concentrated
from summed
