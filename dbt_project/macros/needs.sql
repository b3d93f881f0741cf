{# What a rule of needs.yml reads from texts. #}

{% macro stated_by(rule, relation, touchpoint, number, text, moment) -%}
{#- A row for each text in which a rule finds something, and for each time that it does where a field has several values. -#}
{%- set columns = [touchpoint ~ ' as touchpoint_key', number ~ ' as message_number', moment ~ ' as stated_at'] -%}
{%- if rule.several and not rule.value -%}
select
    {{ text_literal(rule.rule_id) }} as rule_id,
    touchpoint_key,
    message_number,
    stated_at,
    nullif(found_text, '') as need_value,
    quoted_text,
    cast(match_number as bigint) as match_number
from (
    {{ every_match(relation, columns | join(', '), text, rule.pattern, rule.group) }}
) as matches
{%- else -%}
select
    {{ text_literal(rule.rule_id) }} as rule_id,
    {{ touchpoint }} as touchpoint_key,
    {{ number }} as message_number,
    {{ moment }} as stated_at,
    {{ text_literal(rule.value) if rule.value else matched_text(text, rule.pattern, rule.group) }} as need_value,
    {{ matched_text(text, rule.pattern, 0) }} as quoted_text,
    cast(1 as bigint) as match_number
from {{ relation }}
where {{ matched_text(text, rule.pattern, 0) }} is not null
{%- endif -%}
{%- endmacro %}
