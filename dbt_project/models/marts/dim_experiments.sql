-- A test that somebody was assigned to is here, also without a record of its own.
with
experiments as (
    select * from {{ present('int_experiments_deduplicated') }}
),

seen as (
    select experiment_key from experiments
    union distinct
    select experiment_key from {{ present('int_experiment_assignments_deduplicated') }}
)

select
    seen.experiment_key,
    experiments.hypothesis,
    experiments.metric_id,
    coalesce(experiments.unit_type, 'unknown') as unit_type,
    experiments.starts_date,
    experiments.ends_date
from seen
left join experiments on seen.experiment_key = experiments.experiment_key
