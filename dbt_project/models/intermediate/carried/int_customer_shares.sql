{{ config(post_hook="{{ forget_months('year_fingerprint') }}") }}
-- What buyers bought in the 365 days that end with a month, carried by month; the month of the business date ends there. Who
-- sent back more than was bought is no buyer, and what nobody is known to have bought is in the total and is no customer.
{#- Of how many products, those that sold most in the 365 days, the customers are looked at. -#}
{%- set products_kept = 50 -%}
{%- set window_start = "cast(date_trunc('month', " ~ business_date() ~ " - 364) as date)" %}
{#- Days are summed before windows are laid over them. A window of 365 days begins on the first of a month, on the second
    where 29 February is in it, or, for the business date, on any day: so much of the days has to be kept. Lines are read
    for each of the three sums below, which is cheaper than keeping them all. -#}
{%- set stretched -%}
select
    moved.customer_key,
    moved.product_key,
    case
        when cast(date_trunc('month', moved.moved_date) as date) = {{ window_start }} then moved.moved_date
        when extract(day from moved.moved_date) = 1 then moved.moved_date
        else cast(date_trunc('month', moved.moved_date) as date) + 1
    end as stretch_date,
    moved.amount
from (
    {{ sales_moved(['customer_key', 'product_key']) | indent(4) }}
) as moved
where
    moved.moved_date <= {{ business_date() }}
    and moved.moved_date > (select min(earliest.last_date) - 365 from month_ends as earliest)
{%- endset %}
with
due as (
    {{ due_months('year_fingerprint') | indent(4) }}
),

month_ends as (
    select
        month_start_date,
        last_date
    from due
    where month_start_date <= {{ business_date() }}
),

by_stretch as (
    select
        stretched.customer_key,
        products.product_line,
        stretched.stretch_date,
        sum(stretched.amount) as amount
    from (
        {{ stretched | indent(8) }}
    ) as stretched
    inner join {{ ref('dim_products') }} as products on stretched.product_key = products.product_key
    group by stretched.customer_key, products.product_line, stretched.stretch_date
),

windows as (
    select
        month_ends.month_start_date,
        by_stretch.customer_key,
        by_stretch.product_line,
        sum(by_stretch.amount) as amount
    from month_ends
    inner join by_stretch
        on month_ends.last_date - 365 < by_stretch.stretch_date and month_ends.last_date >= by_stretch.stretch_date
    group by month_ends.month_start_date, by_stretch.customer_key, by_stretch.product_line
),

-- The products that sold most up to each month's end: which they were is not asked of a later day.
products_sold as (
    select
        month_ends.month_start_date,
        month_ends.last_date,
        sold.product_key,
        row_number() over (
            partition by month_ends.month_start_date order by sum(sold.amount) desc, sold.product_key asc
        ) as place
    from month_ends
    inner join (
        select
            product_key,
            stretch_date,
            sum(amount) as amount
        from (
            {{ stretched | indent(12) }}
        ) as stretched
        where product_key <> 'unknown'
        group by product_key, stretch_date
    ) as sold
        on month_ends.last_date - 365 < sold.stretch_date and month_ends.last_date >= sold.stretch_date
    group by month_ends.month_start_date, month_ends.last_date, sold.product_key
),

products_kept as (
    select * from products_sold
    where place <= {{ products_kept }}
),

by_product as (
    select
        stretched.customer_key,
        stretched.product_key,
        stretched.stretch_date,
        sum(stretched.amount) as amount
    from (
        {{ stretched | indent(8) }}
    ) as stretched
    where stretched.product_key in (select kept.product_key from products_kept as kept)
    group by stretched.customer_key, stretched.product_key, stretched.stretch_date
),

product_windows as (
    select
        products_kept.month_start_date,
        by_product.customer_key,
        by_product.product_key,
        sum(by_product.amount) as amount
    from products_kept
    inner join by_product
        on
            products_kept.product_key = by_product.product_key
            and products_kept.last_date - 365 < by_product.stretch_date
            and products_kept.last_date >= by_product.stretch_date
    group by products_kept.month_start_date, by_product.customer_key, by_product.product_key
),

bought as (
    select
        month_start_date,
        'product' as dimension_name,
        product_key as dimension_value,
        customer_key,
        amount
    from product_windows
    union all
    select
        month_start_date,
        'product_line' as dimension_name,
        product_line as dimension_value,
        customer_key,
        amount
    from windows
    union all
    select
        month_start_date,
        'total' as dimension_name,
        'total' as dimension_value,
        customer_key,
        sum(amount) as amount
    from windows
    group by month_start_date, customer_key
)

select
    bought.month_start_date,
    due.fingerprint,
    bought.dimension_name,
    bought.dimension_value,
    coalesce({{ sum_of_largest("case when bought.customer_key <> 'unknown' then bought.amount end", 3) }}, 0) as top_amount,
    sum(bought.amount) as total_amount,
    cast(sum(case when bought.customer_key <> 'unknown' then {{ squared('bought.amount') }} end) as double) as squares
from bought
inner join due on bought.month_start_date = due.month_start_date
where bought.amount > 0
group by bought.month_start_date, due.fingerprint, bought.dimension_name, bought.dimension_value
