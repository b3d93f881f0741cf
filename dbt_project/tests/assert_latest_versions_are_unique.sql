{%- set keys = entity_keys() -%}
-- Each key has one latest version. A night looks at the keys that it wrote; a full refresh looks at all.
{% for entity, key in keys.items() %}
select
    '{{ entity }}' as entity,
    count(*) as repeated_count
from (
    select {{ key | join(', ') }}
    from {{ ref('int_' ~ entity ~ '_deduplicated') }}
    {% if not flags.FULL_REFRESH %}
    where {{ is_pending('_load_id') }}
    {% endif %}
    group by {{ key | join(', ') }}
    having count(*) > 1
) as repeated
having count(*) > 0
{{ "union all" if not loop.last }}
{% endfor %}
