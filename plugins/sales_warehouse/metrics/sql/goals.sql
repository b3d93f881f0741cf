-- A goal that has begun, with how far it is. In all, the sales goals under way count that do not overlap: those of the whole
-- company, without one those of the dimension whose goals come to most, of each member the one that is due first.
with
running as (
    select
        target_id,
        scope_dimension,
        target_value,
        row_number() over (partition by scope_dimension, scope_value order by due_on, target_id) as place
    from kpi_targets
    where
        metric_id = 'net_sales'
        and metric_name_en is not null
        and target_value is not null
        and due_on >= starts_on
        and scope_dimension in ('total', 'region', 'product_line', 'team', 'rep')
        and getvariable('business_date') between starts_on and due_on
),

dimensions as (
    select scope_dimension
    from running
    where place = 1
    group by scope_dimension
    order by
        case scope_dimension when 'total' then 1 else 2 end,
        sum(target_value) desc,
        scope_dimension
    limit 1
)

select
    goals.target_id,
    goals.target_name_en,
    goals.target_name_zh,
    goals.metric_id,
    goals.scope_dimension,
    goals.scope_value,
    goals.starts_on,
    goals.due_on,
    goals.direction,
    goals.baseline_value,
    goals.target_value,
    goals.actual_value,
    goals.progress_rate,
    running.target_id is not null as is_running_sale,
    coalesce(running.place = 1 and dimensions.scope_dimension is not null, false) as is_in_total
from kpi_targets as goals
left join running on goals.target_id = running.target_id
left join dimensions on running.scope_dimension = dimensions.scope_dimension
