-- What a region sold, and the full-time days of the sellers that it had for it, by month.
select
    row_date,
    row_type,
    order_key,
    order_id,
    line_number,
    return_key,
    customer_key,
    customer_name,
    product_key,
    product_name,
    rep_key,
    region_key,
    amount,
    cast(0 as decimal(18, 4)) as fte_days
from rows_sales
union all
select
    month_start_date,
    'seller_month',
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    rep_key,
    region_key,
    0,
    fte_days
from fct_rep_months
where is_selling
