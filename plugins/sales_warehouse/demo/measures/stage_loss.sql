-- Exits of the stage that happened by the end: onwards, or out of the pipeline for good.
select avg((step_no = step_count)::int) as lost_of_exits
from (
    select *, lead(stage_no) over (partition by deal_key order by step_no) as next_stage_no from stage_visits
)
where stage = getvariable('m_stage') and left_at <= getvariable('last_day')
    and ((step_no = step_count and lost_in is not null) or next_stage_no > stage_no)
