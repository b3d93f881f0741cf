{#- The test looks at the tenth of the products that sells most or least, and at three at the least. -#}
{%- set group_size = "greatest(3, ceil(product_count / 10.0))" -%}
-- What the best and the worst tenth of the products of a source have in common: what sells in a shop and what sells through
-- sellers differ for other reasons than the product's. The lists show three; what three share may be chance
-- where there are many products, and with a tenth of them there is something to tell it by.
with
ranked as (
    select * from {{ ref('int_products_ranked') }}
    where product_scope <> 'total'
),

products as (
    select * from {{ ref('dim_products') }}
),

split as (
    select
        products.product_key,
        trim(parts.part) as trait
    from products
    {{ each_part('parts', "coalesce(products.traits, '')", '|') }}
),

traits as (
    select distinct
        product_key,
        'trait' as trait_type,
        trait
    from split
    where trait <> ''
    {% for column in ['category', 'price_band', 'product_line'] %}
    union all
    select
        product_key,
        '{{ column }}' as trait_type,
        {{ column }} as trait
    from products
    where {{ column }} <> 'unknown'
    {% endfor %}
),

listed as (
    {% for list in ['hit', 'slow_mover'] %}
    select
        product_scope,
        '{{ list }}' as list_type,
        product_key,
        net_sales_amount,
        is_{{ list }} as is_shown,
        {{ list }}_rank <= {{ group_size }} as is_in_group,
        cast({{ group_size }} as bigint) as group_count,
        product_count
    from ranked
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

counted as (
    select
        listed.product_scope,
        listed.list_type,
        traits.trait_type,
        traits.trait,
        max(listed.product_count) as product_count,
        max(listed.group_count) as group_count,
        count(*) as trait_product_count,
        sum(case when listed.is_in_group then 1 else 0 end) as group_trait_count,
        sum(case when listed.is_shown then 1 else 0 end) as shown_trait_count,
        median(cast(listed.net_sales_amount as double)) as median_amount
    from listed
    inner join traits on listed.product_key = traits.product_key
    group by listed.product_scope, listed.list_type, traits.trait_type, traits.trait
),

others as (
    select
        counted.product_scope,
        counted.list_type,
        counted.trait_type,
        counted.trait,
        median(cast(listed.net_sales_amount as double)) as other_median_amount
    from counted
    inner join listed
        on counted.product_scope = listed.product_scope and counted.list_type = listed.list_type
    left join traits
        on
            listed.product_key = traits.product_key
            and counted.trait_type = traits.trait_type
            and counted.trait = traits.trait
    where traits.product_key is null
    group by counted.product_scope, counted.list_type, counted.trait_type, counted.trait
),

-- What every product has tells none apart, and one product has nothing in common with itself.
tested as (
    select * from counted
    where trait_product_count between 2 and product_count - 1
),

tails as (
    {{ hypergeometric_tails(
        'tested', ['product_scope', 'list_type', 'trait_type', 'trait'], 'product_count', 'trait_product_count', 'group_count',
        'group_trait_count'
    ) | indent(4) }}
),

judged as (
    select
        tested.*,
        others.other_median_amount,
        tails.p_value
    from tested
    inner join tails
        on
            tested.product_scope = tails.product_scope
            and tested.list_type = tails.list_type
            and tested.trait_type = tails.trait_type
            and tested.trait = tails.trait
    inner join others
        on
            tested.product_scope = others.product_scope
            and tested.list_type = others.list_type
            and tested.trait_type = others.trait_type
            and tested.trait = others.trait
)

{{ false_discovery_rates('judged', 'p_value', ['product_scope', 'list_type']) }}
