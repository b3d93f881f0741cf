-- Why a playbook may be of use: the events around an alert, and the findings themselves. An event is a likely cause where it
-- works the way that the figure went, went that way itself and is rare where nothing of the kind happened.
select
    incident_key,
    event_type as cause,
    event_key,
    event_number as cause_number,
    is_expected and share_rate > 0 and placebo_score <= 0.1 as is_likely,
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
