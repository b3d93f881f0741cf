-- Up to when a rule has judged its subjects; a subject of its own row is judged apart from the others of its rule.
select
    rule_id,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    cast(date_trunc('week', {{ business_date() }} + 1) as date) - 1 as judged_end_date
from {{ ref('stg_settings__alert_rules') }}
union all
select
    'stalled' as rule_id,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    {{ business_date() }} as judged_end_date
from {{ ref('stg_settings__funnel') }}
union all
select
    'deadline' as rule_id,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    {{ business_date() }} as judged_end_date
from {{ ref('stg_settings__funnel') }}
union all
select
    'slow_team' as rule_id,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    {{ business_date() }} as judged_end_date
from {{ ref('stg_settings__funnel') }}
union all
select
    'repurchase_fall' as rule_id,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    {{ business_date() }} as judged_end_date
from {{ ref('stg_settings__funnel') }}
