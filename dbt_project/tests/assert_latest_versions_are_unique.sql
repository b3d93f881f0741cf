{%- set keys = {
    'customers': 'customer_record_key', 'contacts': 'contact_record_key', 'products': 'product_key',
    'sales_reps': 'rep_key', 'leads': 'lead_key', 'opportunities': 'opportunity_key',
    'opportunity_stage_events': 'opportunity_key, entered_at', 'orders': 'order_key',
    'order_lines': 'order_key, line_number', 'returns': 'return_key', 'invoices': 'invoice_key',
    'payments': 'payment_key', 'visits': 'visit_key', 'chats': 'chat_key',
} -%}
-- Each key has one latest version. A night looks at the keys that it wrote; a full refresh looks at all.
{% for entity, key in keys.items() %}
select
    '{{ entity }}' as entity,
    count(*) as repeated_count
from (
    select {{ key }}
    from {{ ref('int_' ~ entity ~ '_deduplicated') }}
    {% if not flags.FULL_REFRESH %}
    where {{ is_pending('_load_id') }}
    {% endif %}
    group by {{ key }}
    having count(*) > 1
) as repeated
having count(*) > 0
{{ "union all" if not loop.last }}
{% endfor %}
