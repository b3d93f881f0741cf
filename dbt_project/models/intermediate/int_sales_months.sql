-- What the models that carry months (macros/carried.sql) read of sold lines and returns, by the month of their day: everything
-- that they read, and what they ask the business date about a row, is in the fingerprint. Months that the business date has not
-- ended have it in theirs, for what counts in them is asked of it.
with
products as (
    select
        product_key,
        product_line,
        category,
        price_band
    from {{ ref('dim_products') }}
),

moved as (
    select
        {{ month_of('lines.order_date') }} as month_start_date,
        {{ fingerprint_of([
            'lines.order_key', 'lines.order_date', 'lines.customer_key', 'lines.product_key', 'lines.region_key', 'lines.channel',
            'lines.rep_key', 'lines.quantity', 'lines.gross_amount', 'lines.discount_amount', 'lines.net_amount', 'lines.is_cancelled',
            'coalesce(' ~ is_paid_order('lines') ~ ', false)', 'products.product_line', 'products.category', 'products.price_band',
        ]) | indent(8) }} as fingerprint
    from {{ ref('fct_order_lines') }} as lines
    inner join products on lines.product_key = products.product_key
    group by {{ month_of('lines.order_date') }}
    union all
    select
        {{ month_of('returns.return_date') }} as month_start_date,
        {{ fingerprint_of([
            'returns.return_key', 'returns.return_date', 'returns.customer_key', 'returns.product_key', 'returns.region_key',
            'returns.channel', 'returns.rep_key', 'returns.refund_amount', 'returns.is_cancelled',
            'products.product_line', 'products.category',
        ]) | indent(8) }} as fingerprint
    from {{ ref('fct_returns') }} as returns
    inner join products on returns.product_key = products.product_key
    group by {{ month_of('returns.return_date') }}
),

-- Also months without facts: a window may end with one, a quarter may begin with one.
listed as (
    select month_start_date from moved
    union distinct
    select {{ period_start('quarter', 'month_start_date') }} as month_start_date from moved
    union distinct
    select month_start_date
    from (
        {{ month_ends('select min(earliest.month_start_date) from moved as earliest') | indent(8) }}
    ) as every_month
),

months as (
    select
        month_start_date,
        cast({{ dbt.last_day('month_start_date', 'month') }} as date) as month_end_date
    from listed
),

marked as (
    select
        months.month_start_date,
        least(months.month_end_date, {{ business_date() }}) as last_date,
        max(case when moved.fingerprint is not null then 1 else 0 end) as has_facts,
        {{ fingerprint_of(['moved.fingerprint', 'least(months.month_end_date, ' ~ business_date() ~ ')']) }} as fingerprint
    from months
    left join moved on months.month_start_date = moved.month_start_date
    group by months.month_start_date, months.month_end_date
),

quarters as (
    select
        {{ period_start('quarter', 'month_start_date') }} as quarter_start_date,
        {{ fingerprint_of(['month_start_date', 'fingerprint']) }} as quarter_fingerprint
    from marked
    group by {{ period_start('quarter', 'month_start_date') }}
)

select
    marked.month_start_date,
    marked.last_date,
    marked.fingerprint,
    quarters.quarter_fingerprint,
    {{ fingerprint_of(['before.month_start_date', 'before.fingerprint']) }} as year_fingerprint,
    max(before.has_facts) = 1 as has_year_facts
from marked
inner join quarters on {{ period_start('quarter', 'marked.month_start_date') }} = quarters.quarter_start_date
inner join marked as before
    on
        marked.month_start_date >= before.month_start_date
        and cast({{ dbt.dateadd('month', -12, 'marked.month_start_date') }} as date) <= before.month_start_date
group by marked.month_start_date, marked.last_date, marked.fingerprint, quarters.quarter_fingerprint
