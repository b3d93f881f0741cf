with
traits as (
    select
        compared.*,
        (cast(group_trait_count as double) / group_count) / (cast(trait_product_count as double) / product_count) as lift
    from {{ ref('int_product_traits_compared') }} as compared
)

select
    product_scope,
    list_type,
    trait_type,
    trait,
    -- Of what is equally telling, a trait that the source names comes before the shelf that it stands on.
    cast(row_number() over (
        partition by product_scope, list_type
        order by
            p_value asc,
            case trait_type when 'trait' then 1 when 'category' then 2 when 'price_band' then 3 else 4 end asc,
            trait asc
    ) as bigint) as trait_rank,
    cast(shown_trait_count as bigint) as shown_trait_count,
    cast(group_trait_count as bigint) as group_trait_count,
    cast(group_count as bigint) as group_count,
    cast(trait_product_count as bigint) as trait_product_count,
    cast(product_count as bigint) as product_count,
    cast(lift as decimal(18, 4)) as lift_ratio,
    cast(median_amount as decimal(18, 4)) as median_amount,
    cast(other_median_amount as decimal(18, 4)) as other_median_amount,
    cast(p_value as decimal(18, 12)) as p_value,
    cast(q_value as decimal(18, 12)) as q_value,
    q_value < {{ var('false_discovery_rate') }}
    and lift > 1
    and case list_type
        when 'hit' then median_amount >= {{ var('trait_sales_factor') }} * other_median_amount
        else median_amount * {{ var('trait_sales_factor') }} <= other_median_amount
    end as is_shared
from traits
