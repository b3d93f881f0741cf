{%- set roles = ['decision_maker', 'influencer', 'user', 'gatekeeper'] %}
with
people as (
    select
        opportunity_key,
        count(*) filter (where not is_deleted) as contact_count,
        {% for role in roles + ['unknown'] %}
        count(*) filter (where contact_role = '{{ role }}' and not is_deleted) as {{ role }}_count,
        {% endfor %}
        max(last_touch_at) as last_touch_at,
        max(last_touch_at) filter (where contact_role = 'decision_maker' and not is_deleted) as decision_maker_last_touch_at
    from {{ ref('fct_deal_contacts') }}
    group by opportunity_key
)

select
    opportunities.customer_key,
    opportunities.opportunity_key,
    opportunities.owner_rep_key,
    opportunities.opportunity_status,
    opportunities.product_line,
    opportunities.amount,
    opportunities.created_date,
    opportunities.expected_close_date,
    coalesce(people.contact_count, 0) as contact_count,
    {% for role in roles + ['unknown'] %}
    coalesce(people.{{ role }}_count, 0) as {{ role }}_count,
    {% endfor %}
    opportunities.opportunity_status = 'open' and coalesce(people.contact_count, 0) = 0 as is_without_contact,
    opportunities.opportunity_status = 'open' and coalesce(people.decision_maker_count, 0) = 0 as is_decision_maker_missing,
    opportunities.opportunity_status = 'open'
    and coalesce(people.decision_maker_count, 0) > 0
    and people.decision_maker_last_touch_at is null as is_decision_maker_untouched,
    -- What nobody of an open deal is known to be, in the order of weight.
    case
        when opportunities.opportunity_status = 'open'
            then
                nullif(trim(
                    {%- for role in roles %}
                    case when coalesce(people.{{ role }}_count, 0) = 0 then '{{ role }} ' else '' end{{ ' ||' if not loop.last }}
                    {%- endfor %}
                ), '')
    end as missing_roles,
    people.last_touch_at,
    people.decision_maker_last_touch_at
from {{ ref('fct_opportunities') }} as opportunities
left join people on opportunities.opportunity_key = people.opportunity_key
