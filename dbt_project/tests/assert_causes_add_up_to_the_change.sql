-- What is behind an alert makes its change from the comparable period before exactly, never the distance to a limit or a band:
-- every alert on a metric has causes, or says why it has none.
with
added as (
    select
        incident_key,
        change_value,
        sum(contribution_value) as contribution_value
    from {{ ref('alert_causes') }}
    group by incident_key, change_value
)

select
    alerts.incident_key,
    added.change_value,
    added.contribution_value
from {{ ref('alert_metrics') }} as alerts
left join added on alerts.incident_key = added.incident_key
where
    added.incident_key is null
    or added.contribution_value <> added.change_value
    or added.change_value <> alerts.value - coalesce(alerts.base_value, alerts.value)
