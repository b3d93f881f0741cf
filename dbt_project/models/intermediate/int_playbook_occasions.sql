-- What calls for a playbook: alerts, and findings, which name their cause themselves.
select
    incident_key,
    'alert' as occasion_type,
    playbook_id,
    metric_id,
    cast(null as {{ dbt.type_string() }}) as dimension_name,
    cast(null as {{ dbt.type_string() }}) as dimension_value,
    cast(null as {{ dbt.type_string() }}) as cause,
    cast(null as {{ dbt.type_string() }}) as finding_en,
    cast(null as {{ dbt.type_string() }}) as finding_zh
from {{ ref('alert_metrics') }}
union all
select
    incident_key,
    'alert' as occasion_type,
    playbook_id,
    cast(null as {{ dbt.type_string() }}) as metric_id,
    cast(null as {{ dbt.type_string() }}) as dimension_name,
    cast(null as {{ dbt.type_string() }}) as dimension_value,
    cast(null as {{ dbt.type_string() }}) as cause,
    cast(null as {{ dbt.type_string() }}) as finding_en,
    cast(null as {{ dbt.type_string() }}) as finding_zh
from {{ ref('alert_stalled_deals') }}
union all
select
    incident_key,
    'finding' as occasion_type,
    cast(null as {{ dbt.type_string() }}) as playbook_id,
    metric_id,
    dimension_name,
    dimension_value,
    rule_id as cause,
    reason_en as finding_en,
    reason_zh as finding_zh
from {{ ref('alert_findings') }}
