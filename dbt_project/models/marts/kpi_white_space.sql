with
cells as (
    select * from {{ ref('int_penetration_expected') }}
),

judged as (
    select
        cells.*,
        case
            when addressable_count = 0 then 'no_base'
            when other_addressable_count = 0 then 'nothing_beside'
            when q_value < {{ var('false_discovery_rate') }} and buyer_count <= {{ var('white_space_index') }} * expected_buyer_count
                then 'white_space'
            else 'as_expected'
        end as penetration_status
    from cells
)

select
    region_key,
    product_line,
    penetration_status,
    cast(addressable_count as bigint) as addressable_count,
    cast(buyer_count as bigint) as buyer_count,
    {{ ratio('buyer_count', 'addressable_count') }} as penetration_rate,
    cast(other_addressable_count as bigint) as other_addressable_count,
    cast(other_buyer_count as bigint) as other_buyer_count,
    {{ ratio('other_buyer_count', 'other_addressable_count') }} as other_penetration_rate,
    cast(expected_buyer_count as decimal(18, 4)) as expected_buyer_count,
    cast(net_sales_amount as decimal(18, 4)) as net_sales_amount,
    cast(case
        when penetration_status = 'white_space' then expected_buyer_count - buyer_count else 0
    end as decimal(18, 4)) as missing_buyer_count,
    cast(case
        when penetration_status = 'white_space' then (expected_buyer_count - buyer_count) * amount_per_buyer else 0
    end as decimal(18, 4)) as opportunity_amount,
    cast(p_value as decimal(18, 12)) as p_value,
    cast(q_value as decimal(18, 12)) as q_value
from judged
where {{ is_measured('white_space') }}
