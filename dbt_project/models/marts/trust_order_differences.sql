{%- set text = dbt.type_string() -%}
{%- set compared = [
    ('customer', 'is_customer_different', 'customer_key'),
    ('status', 'is_status_different', 'order_status'),
    ('date', 'is_date_different', 'order_date'),
    ('amount', 'is_amount_different', 'net_amount'),
] %}
with
matches as (
    select * from {{ ref('trust_order_matches') }}
),

listed as (
    select
        matches.*,
        match_status as difference_type,
        left_order_key as left_value,
        right_order_key as right_value,
        coalesce(right_net_amount, 0) - coalesce(left_net_amount, 0) as difference_amount
    from matches
    where match_status <> 'matched'
    {% for type, differs, column in compared %}
    union all
    select
        matches.*,
        '{{ type }}' as difference_type,
        cast(left_{{ column }} as {{ text }}) as left_value,
        cast(right_{{ column }} as {{ text }}) as right_value,
        {{ 'right_net_amount - left_net_amount' if type == 'amount' else 'cast(null as decimal(18, 4))' }} as difference_amount
    from matches
    where {{ differs }}
    {% endfor %}
)

select
    match_key,
    difference_type,
    reconciliation_id,
    left_source,
    right_source,
    shared_number,
    left_order_key,
    right_order_key,
    left_value,
    right_value,
    cast(difference_amount as decimal(18, 4)) as difference_amount,
    coalesce(left_order_date, right_order_date) as order_date
from listed
