-- Why a playbook may be of use: the events around an alert, and the findings themselves.
select
    incident_key,
    event_type as cause,
    event_key,
    event_number as cause_number,
    is_likely,
    text_en as cause_en,
    text_zh as cause_zh
from {{ ref('alert_events') }}
union all
select
    incident_key,
    cause,
    cast(null as {{ dbt.type_string() }}) as event_key,
    1 as cause_number,
    true as is_likely,
    finding_en as cause_en,
    finding_zh as cause_zh
from {{ ref('int_playbook_occasions') }}
where cause is not null
