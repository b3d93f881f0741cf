{#- Fewer customers than this on either side are no test: a mean of them says nothing. -#}
{%- set fewest = 20 -%}
-- Which part of the customers a group is, and which part of the repurchases of 365 days it makes. What is called off of one
-- deal is one purchase, on the day of its first order; a purchase is a repurchase when its customer bought on an earlier day.
with
purchases as (
    select
        customer_key,
        min(order_date) as purchase_date
    from {{ ref('int_orders_keyed') }}
    where not is_cancelled and customer_key <> 'unknown' and order_date <= {{ business_date() }}
    group by customer_key, coalesce(opportunity_key, order_key)
),

dated as (
    select
        customer_key,
        purchase_date,
        min(purchase_date) over (partition by customer_key) as first_purchase_date
    from purchases
),

buyers as (
    select
        customer_key,
        sum(case when purchase_date > first_purchase_date then 1 else 0 end) as repurchase_count
    from dated
    where purchase_date > {{ business_date() }} - 365
    group by customer_key
),

customers as (
    select
        customer_key,
        region_key,
        industry,
        size_band
    from {{ ref('dim_customers') }}
),

grouped as (
    select
        segments.segment_type as group_type,
        members.segment_id as group_id,
        members.customer_key
    from {{ ref('fct_segment_members') }} as members
    inner join {{ ref('dim_segments') }} as segments on members.segment_id = segments.segment_id
    where members.is_current
    {% for column, name in {'region_key': 'region', 'industry': 'industry', 'size_band': 'size_band'}.items() %}
    union all
    select
        '{{ name }}' as group_type,
        {{ column }} as group_id,
        customer_key
    from customers
    where {{ column }} is not null and {{ column }} <> 'unknown'
    {% endfor %}
),

bought as (
    select
        grouped.group_type,
        grouped.group_id,
        grouped.customer_key,
        buyers.repurchase_count
    from grouped
    inner join buyers on grouped.customer_key = buyers.customer_key
),

summed as (
    select
        group_type,
        group_id,
        count(*) as customer_count,
        sum(repurchase_count) as repurchase_count,
        sum(repurchase_count * repurchase_count) as square_count
    from bought
    group by group_type, group_id
),

-- A customer without an industry may be of any: shares of an attribute are of those whose attribute is known.
everybody as (
    select
        group_type,
        sum(customer_count) as customer_count,
        sum(repurchase_count) as repurchase_count,
        sum(square_count) as square_count
    from summed
    where group_type not in ('segment', 'tag')
    group by group_type
    {% for type in ['segment', 'tag'] %}
    union all
    select
        '{{ type }}' as group_type,
        count(*) as customer_count,
        sum(repurchase_count) as repurchase_count,
        sum(repurchase_count * repurchase_count) as square_count
    from buyers
    {% endfor %}
),

sides as (
    select
        summed.group_type,
        summed.group_id,
        summed.customer_count,
        summed.repurchase_count,
        everybody.customer_count as all_customer_count,
        everybody.repurchase_count as all_repurchase_count,
        {% for side, count, total, squares in [
            ('group', 'summed.customer_count', 'summed.repurchase_count', 'summed.square_count'),
            (
                'other', '(everybody.customer_count - summed.customer_count)',
                '(everybody.repurchase_count - summed.repurchase_count)',
                '(everybody.square_count - summed.square_count)'
            ),
        ] %}
        cast({{ total }} as double) / nullif({{ count }}, 0) as {{ side }}_mean,
        (cast({{ squares }} as double) - cast({{ total }} as double) * {{ total }} / nullif({{ count }}, 0))
        / nullif({{ count }} - 1, 0) / nullif({{ count }}, 0) as {{ side }}_variance_of_mean,
        {% endfor %}
        summed.customer_count >= {{ fewest }} and everybody.customer_count - summed.customer_count >= {{ fewest }} as is_tested
    from summed
    inner join everybody on summed.group_type = everybody.group_type
),

-- Customers are the units: who buys often buys alike, so purchases are not independent of each other
-- (Welch 1947, with the normal distribution for groups of this size).
scored as (
    select
        sides.*,
        case when is_tested then abs(group_mean - other_mean) / nullif(sqrt(group_variance_of_mean + other_variance_of_mean), 0) end as z
    from sides
),

judged as (
    select
        scored.*,
        case when z is not null then 2 * {{ normal_tail('z') }} end as p_value
    from scored
)

{{ false_discovery_rates('judged', 'p_value', []) }}
