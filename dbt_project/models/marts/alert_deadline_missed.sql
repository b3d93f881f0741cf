-- One alert for each source that missed the deadline of the business date; a day off has none.
select
    'deadline|' || deadlines.source || '|' || cast(deadlines.date_day as {{ dbt.type_string() }}) as incident_key,
    'deadline|' || deadlines.source as subject_key,
    'deadline' as rule_id,
    'warning' as severity,
    cast(null as {{ dbt.type_string() }}) as playbook_id,
    deadlines.source,
    sources.label_en || ': data not in by close of business' as title_en,
    sources.label_zh || '：未在下班前完成数据归集' as title_zh,
    deadlines.date_day,
    deadlines.date_day as period_start_date,
    deadlines.date_day as period_end_date,
    deadlines.deadline_local_at,
    deadlines.arrived_local_at,
    deadlines.late_minutes,
    sources.owner,
    case
        when deadlines.arrived_local_at is null then 'The events of the day have not come.'
        else 'The events of the day came after the deadline.'
    end as reason_en,
    case when deadlines.arrived_local_at is null then '当日数据尚未到达。' else '当日数据在截止时间之后到达。' end as reason_zh
from {{ ref('trust_deadlines') }} as deadlines
inner join {{ ref('stg_settings__sources') }} as sources on deadlines.source = sources.source
where deadlines.deadline_status = 'missed' and deadlines.date_day = {{ business_date() }}
