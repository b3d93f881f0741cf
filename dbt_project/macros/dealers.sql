{# Stock of dealers: which units went where; and ranks. #}

{% macro known_stock(units, day, first_counted_date, is_opening=false) -%}
{#-
    Units at the end of a day, or at its beginning. Without a count a negative book says only that not everything that
    came is known, so the stock is unknown; after a count it says that more was sold than there was.
-#}
case
    when {{ units }} >= 0 or {{ day }} {{ '>' if is_opening else '>=' }} {{ first_counted_date }} then {{ units }}
end
{%- endmacro %}

{% macro first_in_first_out(name, lots, outs, keys, lots_where='true', outs_where='true') -%}
{#-
    CTEs `<name>_...` and `<name>`: (lot_number, out_number, units). Within `keys`, units leave in the order in which they
    came, and a lot serves what comes after it. Both relations have the keys, move_number and units. What finds no unit is
    not in the result, and neither is what is left of a lot.

    Units are numbered from 1 as they come, and as they leave. When more has left than came, the excess was served by no lot:
    its running maximum is taken off the numbers of what leaves. Every number at which a lot or an exit ends cuts the line;
    between two cuts there is one lot and one exit.
-#}
{{ name }}_running as (
    select
        moves.*,
        sum(case when is_lot then units else 0 end) over so_far as came_until,
        sum(case when is_lot then 0 else units end) over so_far as went_until
    from (
        select
            {{ keys | join(', ') }},
            move_number,
            units,
            true as is_lot
        from {{ lots }}
        where units > 0 and {{ lots_where }}
        union all
        select
            {{ keys | join(', ') }},
            move_number,
            units,
            false as is_lot
        from {{ outs }}
        where units > 0 and {{ outs_where }}
    ) as moves
    window so_far as (partition by {{ keys | join(', ') }} order by move_number asc rows unbounded preceding)
),

{{ name }}_ends as (
    select
        {{ keys | join(', ') }},
        move_number,
        is_lot,
        case
            when is_lot then came_until
            else went_until - greatest(max(went_until - came_until) over so_far, 0)
        end as cut
    from {{ name }}_running
    window so_far as (partition by {{ keys | join(', ') }} order by move_number asc rows unbounded preceding)
),

{{ name }}_cuts as (
    select
        {{ keys | join(', ') }},
        cut,
        min(case when is_lot then move_number end) as lot_number,
        min(case when not is_lot then move_number end) as out_number
    from {{ name }}_ends
    group by {{ keys | join(', ') }}, cut
),

{{ name }}_pieces as (
    select
        cut - coalesce(lag(cut) over (partition by {{ keys | join(', ') }} order by cut asc), 0) as units,
        min(lot_number) over from_here as lot_number,
        min(out_number) over from_here as out_number
    from {{ name }}_cuts
    window from_here as (partition by {{ keys | join(', ') }} order by cut desc rows unbounded preceding)
),

{{ name }} as (
    select
        lot_number,
        out_number,
        cast(units as bigint) as units
    from {{ name }}_pieces
    where units > 0 and lot_number is not null and out_number is not null
)
{%- endmacro %}

{% macro first_move(stock_number) -%}
{#- The number that comes before those of the moves of a stock; no stock has a thousand million of them. -#}
cast({{ stock_number }} as bigint) * 1000000000
{%- endmacro %}

{% macro left_of(relation, used, number, columns) -%}
{#- Rows of a relation with the units that `used` has not taken; its column `number` is their move_number. -#}
select
    {% for column in columns %}
    relation.{{ column }},
    {% endfor %}
    relation.move_number,
    relation.units - coalesce(used.units, 0) as units
from {{ relation }} as relation
left join (
    select
        {{ number }},
        sum(units) as units
    from {{ used }}
    group by {{ number }}
) as used on relation.move_number = used.{{ number }}
{%- endmacro %}

{% macro mean_rank(value, keys) -%}
{#- The place of a value within `keys`, from the smallest; equal ones share the mean of their places. -#}
cast(
    rank() over (partition by {{ keys | join(', ') }} order by {{ value }} asc)
    + (count(*) over (partition by {{ keys | join(', ') }}, {{ value }}) - 1) / 2.0
    as double
)
{%- endmacro %}
