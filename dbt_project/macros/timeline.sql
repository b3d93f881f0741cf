{# What the events of a customer's timeline are called, in English and Chinese. #}

{% macro timeline_types() -%}
{{ return({
    'order': {'en': 'Order', 'zh': '订单'},
    'visit': {'en': 'Visit', 'zh': '拜访'},
    'chat': {'en': 'Chat', 'zh': '会话'},
    'call': {'en': 'Call', 'zh': '电话'},
    'web_event': {'en': 'Web site', 'zh': '官网'},
    'lead': {'en': 'Enquiry', 'zh': '线索'},
    'quote': {'en': 'Quote', 'zh': '报价'},
    'return': {'en': 'Return', 'zh': '退货'},
    'survey': {'en': 'Survey', 'zh': '满意度调查'},
    'stage': {'en': 'Stage', 'zh': '商机阶段'},
    'invoice': {'en': 'Invoice due', 'zh': '发票到期'},
    'payment': {'en': 'Payment', 'zh': '回款'},
}) }}
{%- endmacro %}

{% macro timeline_title(name, detail, outcome) -%}
{#- `Order · paid`: what it is, and after a dot a detail in its language, else the outcome in the words of the source. -#}
'{{ name }}' || coalesce(' · ' || coalesce({{ detail }}, {{ outcome }}), '')
{%- endmacro %}

{% macro timeline_order_status(status, language) -%}
{#- A closed list; every other outcome stays in the words of its source. -#}
{%- set words = {
    'placed': {'en': 'placed', 'zh': '已下单'},
    'paid': {'en': 'paid', 'zh': '已付款'},
    'shipped': {'en': 'shipped', 'zh': '已发货'},
    'delivered': {'en': 'delivered', 'zh': '已签收'},
    'cancelled': {'en': 'cancelled', 'zh': '已取消'},
    'unknown': {'en': 'status unknown', 'zh': '状态未知'},
} -%}
case {{ status }}{% for word, name in words.items() %} when '{{ word }}' then '{{ name[language] }}'{% endfor %} end
{%- endmacro %}
