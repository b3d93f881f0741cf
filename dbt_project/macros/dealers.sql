{# Stock of dealers: which units went where; and ranks. #}

{% macro first_in_first_out(name, lots, outs, keys, lots_where='true', outs_where='true') -%}
{#-
    CTEs `<name>_...` and `<name>`: (lot_key, out_key, units). Within `keys`, units leave in the order in which they came;
    a lot serves what leaves on its day or later. Both relations have the keys, moved_date, moved_at, units, and lot_key or
    out_key. What finds no unit is not in the result, and neither is what is left of a lot.

    Units are numbered from 1 as they come, and as they leave. When more has left than came, the excess was served by no lot:
    its running maximum is taken off the numbers of what leaves. Every number at which a lot or an exit ends cuts the line;
    between two cuts there is one lot and one exit.
-#}
{{ name }}_moves as (
    select
        {{ keys | join(', ') }},
        lot_key,
        cast(null as {{ dbt.type_string() }}) as out_key,
        moved_date,
        0 as side,
        moved_at,
        units as came_units,
        0 as went_units
    from {{ lots }}
    where units > 0 and {{ lots_where }}
    union all
    select
        {{ keys | join(', ') }},
        cast(null as {{ dbt.type_string() }}) as lot_key,
        out_key,
        moved_date,
        1 as side,
        moved_at,
        0 as came_units,
        units as went_units
    from {{ outs }}
    where units > 0 and {{ outs_where }}
),

{{ name }}_running as (
    select
        {{ name }}_moves.*,
        row_number() over so_far as place,
        sum(came_units) over so_far as came_until,
        sum(went_units) over so_far as went_until
    from {{ name }}_moves
    window so_far as (
        partition by {{ keys | join(', ') }}
        order by moved_date asc, side asc, moved_at asc nulls first, lot_key asc nulls last, out_key asc nulls last
        rows unbounded preceding
    )
),

{{ name }}_served as (
    select
        {{ name }}_running.*,
        went_until - greatest(
            max(went_until - came_until) over (
                partition by {{ keys | join(', ') }} order by place asc rows unbounded preceding
            ),
            0
        ) as served_until
    from {{ name }}_running
),

{{ name }}_cuts as (
    select
        {{ keys | join(', ') }},
        case when side = 0 then came_until else served_until end as cut,
        min(case when side = 0 then place end) as lot_place,
        min(case when side = 1 then place end) as out_place
    from {{ name }}_served
    group by {{ keys | join(', ') }}, case when side = 0 then came_until else served_until end
),

{{ name }}_pieces as (
    select
        {{ keys | join(', ') }},
        cut - coalesce(lag(cut) over (partition by {{ keys | join(', ') }} order by cut asc), 0) as units,
        min(lot_place) over up_to_cut as lot_place,
        min(out_place) over up_to_cut as out_place
    from {{ name }}_cuts
    window up_to_cut as (partition by {{ keys | join(', ') }} order by cut desc rows unbounded preceding)
),

{{ name }} as (
    select
        lots.lot_key,
        outs.out_key,
        cast(pieces.units as bigint) as units
    from {{ name }}_pieces as pieces
    inner join {{ name }}_served as lots
        on {{ same_key('lots', 'pieces', keys) }} and pieces.lot_place = lots.place
    inner join {{ name }}_served as outs
        on {{ same_key('outs', 'pieces', keys) }} and pieces.out_place = outs.place
    where pieces.units > 0
)
{%- endmacro %}

{% macro mean_rank(value, keys) -%}
{#- The place of a value within `keys`, from the smallest; equal ones share the mean of their places. -#}
cast(
    rank() over (partition by {{ keys | join(', ') }} order by {{ value }} asc)
    + (count(*) over (partition by {{ keys | join(', ') }}, {{ value }}) - 1) / 2.0
    as double
)
{%- endmacro %}
