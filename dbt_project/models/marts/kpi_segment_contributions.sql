with
groups as (
    select * from {{ ref('int_segments_contributed') }}
),

segments as (
    select * from {{ ref('dim_segments') }}
),

shared as (
    select
        groups.*,
        cast(repurchase_count as double) * all_customer_count
        / nullif(cast(all_repurchase_count as double) * customer_count, 0) as contribution_index
    from groups
)

select
    shared.group_type,
    shared.group_id,
    coalesce(segments.segment_name_en, shared.group_id) as group_name_en,
    coalesce(segments.segment_name_zh, shared.group_id) as group_name_zh,
    cast(shared.customer_count as bigint) as customer_count,
    cast(shared.all_customer_count as bigint) as all_customer_count,
    {{ ratio('shared.customer_count', 'shared.all_customer_count') }} as customer_share_rate,
    cast(shared.repurchase_count as bigint) as repurchase_count,
    cast(shared.all_repurchase_count as bigint) as all_repurchase_count,
    {{ ratio('shared.repurchase_count', 'shared.all_repurchase_count') }} as repurchase_share_rate,
    cast(shared.contribution_index as decimal(18, 4)) as contribution_index,
    cast(shared.p_value as decimal(18, 12)) as p_value,
    cast(shared.q_value as decimal(18, 12)) as q_value,
    coalesce(
        shared.q_value < {{ var('false_discovery_rate') }} and shared.contribution_index >= {{ var('contribution_index') }}, false
    ) as is_over_contributing
from shared
left join segments
    on shared.group_type in ('segment', 'tag') and shared.group_id = segments.segment_id
