with bought as (
    select l.account_key, sum(l.net) as net
    from shop_lines as l
    join products as p using (sku)
    where p.product_no = getvariable('m_product_no')
    group by all
),
ranked as (
    select net, row_number() over (order by net desc) as place from bought
)
select sum(net) filter (place <= getvariable('m_customers')) / sum(net) as share_of_largest
from ranked
