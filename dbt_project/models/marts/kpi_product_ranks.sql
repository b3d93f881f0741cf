with
ranked as (
    select * from {{ ref('int_products_ranked') }}
),

listed as (
    {% for list in ['hit', 'slow_mover'] %}
    select
        product_scope,
        '{{ list }}' as list_type,
        {{ list }}_rank as list_rank,
        product_key,
        net_sales_amount,
        unit_count,
        product_count
    from ranked
    where is_{{ list }}
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

products as (
    select * from {{ ref('dim_products') }}
)

select
    listed.product_scope,
    listed.list_type,
    cast(listed.list_rank as bigint) as list_rank,
    listed.product_key,
    products.product_name,
    products.product_line,
    products.category,
    products.price_band,
    products.traits,
    cast(listed.net_sales_amount as decimal(18, 4)) as net_sales_amount,
    cast(listed.unit_count as bigint) as unit_count,
    cast(listed.product_count as bigint) as product_count
from listed
inner join products on listed.product_key = products.product_key
