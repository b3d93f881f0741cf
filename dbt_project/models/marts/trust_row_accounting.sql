{%- set entities = [
    'customers', 'contacts', 'products', 'sales_reps', 'leads', 'opportunities', 'opportunity_stage_events', 'orders',
    'order_lines', 'returns', 'invoices', 'payments', 'visits', 'chats',
] -%}
-- landed = excluded + quarantined + merged + current; what is left over is unexplained and must be 0.
with
counted as (
    select
        source,
        entity,
        sum(landed_count) as landed_count,
        sum(excluded_count) as excluded_count,
        sum(quarantined_count) as quarantined_count,
        sum(folded_count) as folded_count,
        sum(accepted_count) as accepted_count
    from {{ ref('stg_ledger__row_counts') }}
    group by source, entity
),

-- Counted again from the files, so that a file that went missing after the gate is not taken for merged rows.
found as (
    {% for entity in entities %}
    select
        source,
        '{{ entity }}' as entity,
        count(*) as found_count
    from {{ ref('stg_accepted__' ~ entity) }}
    group by source
    {{ "union all" if not loop.last }}
    {% endfor %}
),

present as (
    {% for entity in entities %}
    select
        source,
        '{{ entity }}' as entity,
        count(*) as current_count
    from {{ ref('int_' ~ entity ~ '_deduplicated') }}
    group by source
    {{ "union all" if not loop.last }}
    {% endfor %}
),

merged as (
    select
        counted.*,
        coalesce(present.current_count, 0) as current_count,
        coalesce(found.found_count, 0) + counted.folded_count - coalesce(present.current_count, 0) as merged_count
    from counted
    left join present on counted.source = present.source and counted.entity = present.entity
    left join found on counted.source = found.source and counted.entity = found.entity
)

select
    source,
    entity,
    cast(landed_count as bigint) as landed_count,
    cast(excluded_count as bigint) as excluded_count,
    cast(quarantined_count as bigint) as quarantined_count,
    -- rows that a mapping folded into equal ones were accepted too: how many come in one load must not matter
    cast(accepted_count + folded_count as bigint) as accepted_count,
    cast(current_count as bigint) as current_count,
    cast(merged_count as bigint) as merged_count,
    cast(
        landed_count - excluded_count - quarantined_count - merged_count - current_count as bigint
    ) as unexplained_count
from merged
