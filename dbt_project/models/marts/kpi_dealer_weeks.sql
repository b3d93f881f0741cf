-- Only what is reported is in the numbers; what it is a part of stands beside them. A dealer that its source deleted is no
-- part of the weeks after its last report.
with
lines as (
    select
        weeks.*,
        dealers.region_key,
        products.product_line,
        nullif(weeks.dealer_key, 'unknown') as known_dealer_key,
        weeks.report_status = 'reported' as is_reported
    from {{ ref('fct_dealer_stock_weeks') }} as weeks
    inner join {{ ref('dim_dealers') }} as dealers on weeks.dealer_key = dealers.dealer_key
    inner join {{ ref('dim_products') }} as products on weeks.product_key = products.product_key
    where not (dealers.is_deleted and weeks.is_stale)
),

summed as (
    select
        week_start_date,
        case
            when grouping(region_key) = 0 then 'region'
            when grouping(dealer_key) = 0 then 'dealer'
            when grouping(product_line) = 0 then 'product_line'
            else 'total'
        end as dimension_name,
        coalesce(region_key, dealer_key, product_line, 'total') as dimension_value,
        sum(case when is_reported then sell_out_units else 0 end) as sell_out_units,
        sum(case when is_reported then opening_units else 0 end) as opening_units,
        sum(case when is_reported then sell_in_units else 0 end) as sell_in_units,
        sum(case when is_reported then greatest(opening_units + sell_in_units, 0) else 0 end) as available_units,
        sum(case when is_reported then closing_units else 0 end) as closing_units,
        sum(case when is_reported then unexplained_units else 0 end) as unexplained_units,
        count(distinct known_dealer_key) as dealer_count,
        count(distinct case when is_reported then known_dealer_key end) as reported_dealer_count,
        count(distinct case when is_stale then known_dealer_key end) as stale_dealer_count,
        sum(sell_in_amount) as sell_in_amount,
        sum(case when is_reported then sell_in_amount else 0 end) as covered_sell_in_amount
    from lines
    group by grouping sets (
        (week_start_date),
        (week_start_date, region_key),
        (week_start_date, dealer_key),
        (week_start_date, product_line)
    )
)

select
    week_start_date,
    dimension_name,
    dimension_value,
    cast(sell_out_units as bigint) as sell_out_units,
    cast(opening_units as bigint) as opening_units,
    cast(sell_in_units as bigint) as sell_in_units,
    cast(available_units as bigint) as available_units,
    {{ ratio('sell_out_units', 'available_units') }} as sell_through_rate,
    cast(closing_units as bigint) as closing_units,
    cast(unexplained_units as bigint) as unexplained_units,
    cast(dealer_count as bigint) as dealer_count,
    cast(reported_dealer_count as bigint) as reported_dealer_count,
    cast(stale_dealer_count as bigint) as stale_dealer_count,
    cast(case when {{ is_measured('dealer_sell_in') }} then sell_in_amount end as decimal(18, 4)) as sell_in_amount,
    cast(case when {{ is_measured('dealer_sell_in') }} then covered_sell_in_amount end as decimal(18, 4)) as covered_sell_in_amount
from summed
where {{ is_measured('dealer_weeks') }}
