-- A team's hours win over those of its region; who belongs to neither keeps the company's.
with
reps as (
    select * from {{ ref('int_sales_reps_deduplicated') }}
),

members as (
    select * from {{ ref('stg_settings__schedule_members') }}
)

select
    reps.rep_key,
    coalesce(by_team.schedule_id, by_region.schedule_id, 'default') as schedule_id
from reps
left join members as by_team on by_team.member_type = 'team' and reps.team = by_team.member
left join members as by_region on by_region.member_type = 'region' and reps.region_key = by_region.member
