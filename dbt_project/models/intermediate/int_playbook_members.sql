-- What an alert or finding is about, for the scopes of playbooks: its metric, its own member, the cells behind it, and the
-- places and goods of the likely events.
select
    incident_key,
    'metric' as dimension_name,
    metric_id as dimension_value
from {{ ref('int_playbook_occasions') }}
where metric_id is not null
union
select
    incident_key,
    dimension_name,
    dimension_value
from {{ ref('int_playbook_occasions') }}
where dimension_name is not null
union
select
    incident_key,
    dimension_name,
    dimension_value
from {{ ref('alert_metrics') }}
{%- for model, column in [('alert_causes', 'is_along'), ('alert_events', 'is_expected')] %}
{%- for dimension, name in {'region': 'region_key', 'channel': 'channel', 'product_line': 'product_line', 'category': 'category'}.items() %}
{%- if not (model == 'alert_events' and dimension == 'channel') %}
union
select
    incident_key,
    '{{ dimension }}' as dimension_name,
    {{ name }} as dimension_value
from {{ ref(model) }}
where {{ name }} is not null and {{ column }}
{%- endif %}
{%- endfor %}
{%- endfor %}
