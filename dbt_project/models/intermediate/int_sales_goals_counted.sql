-- Sales goals under way, and which of them count in all. They overlap: the company's and those of its regions, the year's
-- and the quarter's. In all count those of the whole company where it has one, else those of the one dimension whose
-- goals come to most; of each member the goal that is due first.
with
running as (
    select
        target_id,
        scope_dimension,
        scope_value,
        starts_on,
        due_on,
        goal_value,
        row_number() over (partition by scope_dimension, scope_value order by due_on asc, target_id asc) as place
    from {{ ref('int_targets_defined') }}
    where
        is_whole
        and metric_id = 'net_sales'
        and {{ is_of_deals('scope_dimension') }}
        and {{ business_date() }} between starts_on and due_on
),

dimensions as (
    select
        scope_dimension,
        row_number() over (
            order by
                case scope_dimension when 'total' then 1 else 2 end asc,
                sum(goal_value) desc,
                scope_dimension asc
        ) as place
    from running
    where place = 1
    group by scope_dimension
)

select
    running.target_id,
    running.scope_dimension,
    running.scope_value,
    running.starts_on,
    running.due_on,
    running.goal_value,
    running.place = 1 and dimensions.place = 1 as is_in_total
from running
inner join dimensions on running.scope_dimension = dimensions.scope_dimension
