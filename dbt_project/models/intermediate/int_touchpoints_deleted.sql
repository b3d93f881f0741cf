-- Points of the timeline whose record its source deleted.
{%- set records = {
    'orders': "'order:' || order_key",
    'visits': "'visit:' || visit_key",
    'chats': "'chat:' || chat_key",
    'calls': "'call:' || call_key",
    'web_events': "'web_event:' || event_key",
    'leads': "'lead:' || lead_key",
    'returns': "'return:' || return_key",
    'satisfaction_scores': "'survey:' || survey_key",
    'quotes': "'quote:' || quote_key || '/' || cast(quote_version as " ~ dbt.type_string() ~ ")",
} %}
{% for entity, key in records.items() %}
select
    {{ key }} as touchpoint_key,
    is_deleted,
    _changed_load_id
from {{ ref('int_' ~ entity ~ '_deduplicated') }}
where is_deleted
{{ "union all" if not loop.last }}
{% endfor %}
