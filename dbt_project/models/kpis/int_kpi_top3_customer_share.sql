with
shares as (
    select
        'month' as period_grain,
        month_start_date as period_start_date,
        dimension_name,
        dimension_value,
        top_amount,
        total_amount,
        squares
    from {{ ref('int_customer_shares') }}
),

top3 as (
    select
        shares.*,
        top_amount as numerator,
        total_amount as denominator,
        {{ ratio('top_amount', 'total_amount') }} as value
    from shares
),

-- Herfindahl and Hirschman: 10,000 is one customer alone. Shares are of the same whole as above; buyers whom nobody knows add
-- nothing to it.
hhi as (
    select
        shares.*,
        10000 * squares / cast(total_amount as double) as numerator,
        total_amount as denominator,
        {{ ratio("10000 * squares / cast(total_amount as double)", 'total_amount') }} as value
    from shares
    where squares is not null
)

{{ kpi_without_gaps('top3_customer_share', 'top3', ['month'], sparse=['product']) }}
union all
{{ kpi_without_gaps('customer_hhi', 'hhi', ['month'], sparse=['product']) }}
