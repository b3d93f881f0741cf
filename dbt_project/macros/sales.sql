{# What sales are made of. Portable SQL. #}

{% macro sales_moved(keys) -%}
{#- Each sold line on the day of its order, and each return, as less, on the day on which the goods came back. -#}
select
    {{ keys | join(',\n    ') }},
    order_date as moved_date,
    net_amount as amount
from {{ ref('fct_order_lines') }}
where not is_cancelled
union all
select
    {{ keys | join(',\n    ') }},
    return_date as moved_date,
    -refund_amount as amount
from {{ ref('fct_returns') }}
where not is_cancelled
{%- endmacro %}
