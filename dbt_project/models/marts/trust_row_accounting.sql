{%- set keys = entity_keys() -%}
-- reported = landed = excluded + quarantined + duplicate + superseded + deleted + current + waiting; what is left over is
-- unexplained and must be 0. The source's own count comes by another way than the rows. What ended because the newest
-- version of its record does not give it any more is superseded: that no row says so is nothing that came.
with
counted as (
    select
        source,
        entity,
        sum(reported_count) as reported_count,
        sum(landed_count) as landed_count,
        sum(excluded_count) as excluded_count,
        sum(quarantined_count) as quarantined_count,
        sum(waiting_count) as waiting_count,
        sum(folded_count) as folded_count,
        sum(accepted_count) as accepted_count,
        sum(repeated_count) as repeated_count
    from {{ ref('stg_ledger__row_counts') }}
    group by source, entity
),

-- Counted again from the files, so that a file that went missing after the gate is not taken for merged rows.
found as (
    {% for entity in keys %}
    select
        source,
        '{{ entity }}' as entity,
        count(*) as found_count
    from {{ ref('stg_accepted__' ~ entity) }}
    where not is_ended
    group by source
    {{ "union all" if not loop.last }}
    {% endfor %}
),

present as (
    {% for entity in keys %}
    select
        source,
        '{{ entity }}' as entity,
        sum(case when is_deleted then 0 else 1 end) as current_count,
        sum(case when is_deleted and not is_ended then 1 else 0 end) as deleted_count
    from {{ ref('int_' ~ entity ~ '_deduplicated') }}
    group by source
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- Keys that passed the gate and have no latest version: not merged but lost. A night looks at the loads that it wrote.
lost as (
    {% for entity, key in keys.items() %}
    select
        source,
        '{{ entity }}' as entity,
        count(*) as lost_count
    from (
        select distinct
            accepted.source,
            accepted.{{ key | join(', accepted.') }}
        from {{ ref('stg_accepted__' ~ entity) }} as accepted
        where
            not exists (
                select 1
                from {{ ref('int_' ~ entity ~ '_deduplicated') }} as kept
                where
                    kept.{{ key[0] }} = accepted.{{ key[0] }}
                    {% for column in key[1:] %}
                    and kept.{{ column }} = accepted.{{ column }}
                    {% endfor %}
            )
            {% if not flags.FULL_REFRESH %}
            and {{ is_pending('accepted._load_id') }}
            {% endif %}
    ) as missing
    group by source
    {{ "union all" if not loop.last }}
    {% endfor %}
),

merged as (
    select
        counted.*,
        -- a row that came twice in one load and whose record was replaced later is one of the superseded
        counted.repeated_count + counted.folded_count as twice_count,
        coalesce(present.current_count, 0) as current_count,
        coalesce(present.deleted_count, 0) as deleted_count,
        coalesce(found.found_count, 0) + counted.folded_count - coalesce(present.current_count, 0)
        - coalesce(present.deleted_count, 0) - coalesce(lost.lost_count, 0) as merged_count
    from counted
    left join present on counted.source = present.source and counted.entity = present.entity
    left join found on counted.source = found.source and counted.entity = found.entity
    left join lost on counted.source = lost.source and counted.entity = lost.entity
)

select
    source,
    entity,
    cast(reported_count as bigint) as reported_count,
    cast(landed_count as bigint) as landed_count,
    cast(excluded_count as bigint) as excluded_count,
    cast(quarantined_count as bigint) as quarantined_count,
    -- rows that a mapping folded into equal ones were accepted too: how many come in one load must not matter
    cast(accepted_count + folded_count as bigint) as accepted_count,
    cast(current_count as bigint) as current_count,
    -- the newest thing that the source said of a record is that it is gone
    cast(deleted_count as bigint) as deleted_count,
    cast(merged_count as bigint) as merged_count,
    cast(least(twice_count, merged_count) as bigint) as duplicate_count,
    cast(merged_count - least(twice_count, merged_count) as bigint) as superseded_count,
    cast(waiting_count as bigint) as waiting_count,
    cast(
        abs(reported_count - landed_count)
        + landed_count - excluded_count - quarantined_count - merged_count - deleted_count - current_count - waiting_count as bigint
    ) as unexplained_count
from merged
