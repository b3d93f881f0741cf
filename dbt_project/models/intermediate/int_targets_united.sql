-- The goals of the company's configuration and those that a source sent. Where both have one of the same name the
-- configuration wins: it was checked before anything ran, and changes to it are reviewed. Of several sources that send
-- the same name the first by name counts; int_targets_misplaced says which were left out.
with
configured as (
    select * from {{ ref('stg_settings__targets') }}
),

sent as (
    select
        targets.*,
        row_number() over (partition by target_id order by source) as place
    from {{ present('int_targets_deduplicated') }} as targets
)

select
    target_id,
    'company' as source,
    target_name_en,
    target_name_zh,
    metric_id,
    scope_dimension,
    scope_value,
    baseline_value,
    target_value,
    upper_value,
    target_mode,
    starts_on,
    due_on,
    owner,
    relevance,
    parent_target_id,
    weight
from configured
union all
-- A scope is `total`, or a dimension and its value as in `region=华东`: the value is all that stands after the first sign.
select
    target_id,
    source,
    target_name as target_name_en,
    target_name as target_name_zh,
    metric_id,
    coalesce(nullif(trim(split_part(scope, '=', 1)), ''), 'total') as scope_dimension,
    coalesce(nullif(trim(
        case when position('=' in scope) > 0 then substring(scope, position('=' in scope) + 1) end
    ), ''), 'total') as scope_value,
    cast(baseline_value as decimal(28, 8)) as baseline_value,
    cast(target_value as decimal(28, 8)) as target_value,
    cast(upper_value as decimal(28, 8)) as upper_value,
    coalesce(target_mode, 'absolute') as target_mode,
    starts_on,
    due_on,
    owner,
    relevance,
    parent_target_id,
    cast(weight as decimal(28, 8)) as weight
from sent
where place = 1 and target_id not in (select configured.target_id from configured)
