-- A seller who is credited anywhere is here, also without a master record.
with
reps as (
    select * from {{ ref('int_sales_reps_deduplicated') }}
),

seen as (
    select rep_key from reps
    union distinct
    select rep_key from {{ ref('int_orders_keyed') }}
    union distinct
    select rep_key from {{ ref('fct_returns') }}
    union distinct
    select rep_key from {{ ref('fct_touchpoints') }}
    union distinct
    select owner_rep_key as rep_key from {{ ref('fct_leads') }}
    union distinct
    select owner_rep_key as rep_key from {{ ref('fct_opportunities') }}
    union distinct
    select owner_rep_key as rep_key from {{ ref('int_customers_identified') }}
    where owner_rep_key is not null
    union distinct
    select 'unknown' as rep_key
)

select
    seen.rep_key,
    coalesce(reps.rep_name, seen.rep_key) as rep_name,
    coalesce(reps.team, 'unknown') as team,
    coalesce(reps.department, 'unknown') as department,
    coalesce(reps.region_key, 'unknown') as region_key,
    coalesce(reps.manager_rep_key, 'unknown') as manager_rep_key,
    -- Some companies' managers sell nothing and have no record: then their number is their name.
    coalesce(managers.rep_name, {{ id_of('reps.manager_rep_key') }}, 'unknown') as manager_name,
    cast(reps.fte as decimal(18, 4)) as fte,
    reps.hired_date,
    reps.left_date,
    coalesce(reps.is_deleted, false) as is_deleted
from seen
left join reps on seen.rep_key = reps.rep_key
left join reps as managers on reps.manager_rep_key = managers.rep_key
