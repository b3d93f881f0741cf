-- The people of a deal: the one it names, those whom its visits, quotes and orders name, and their colleagues at the customer.
with
opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

named as (
    select
        opportunity_key,
        contact_key
    from opportunities
    where contact_key <> 'unknown'
),

touched as (
    select
        opportunity_key,
        contact_key,
        count(*) as deal_touch_count,
        max(occurred_at) as deal_last_touch_at
    from {{ ref('fct_touchpoints') }}
    where contact_key <> 'unknown' and opportunity_key in (select known.opportunity_key from opportunities as known)
    group by opportunity_key, contact_key
),

colleagues as (
    select
        opportunities.opportunity_key,
        contacts.contact_key
    from opportunities
    inner join {{ ref('fct_customer_contacts') }} as contacts
        on opportunities.customer_key = contacts.customer_key
    where opportunities.customer_key <> 'unknown' and contacts.is_employed and not contacts.is_deleted
),

people as (
    select
        opportunity_key,
        contact_key
    from named
    union distinct
    select
        opportunity_key,
        contact_key
    from touched
    union distinct
    select
        opportunity_key,
        contact_key
    from colleagues
),

last_touches as (
    select
        contact_key,
        count(*) as touch_count,
        max(occurred_at) as last_touch_at
    from {{ ref('fct_touchpoints') }}
    where contact_key <> 'unknown'
    group by contact_key
)

select
    people.opportunity_key,
    people.contact_key,
    opportunities.customer_key,
    contacts.contact_name,
    contacts.title,
    coalesce(contacts.contact_role, 'unknown') as contact_role,
    coalesce(contacts.is_deleted, false) as is_deleted,
    case
        when named.contact_key is not null then 'primary'
        when touched.contact_key is not null then 'touched'
        else 'colleague'
    end as relation_type,
    coalesce(touched.deal_touch_count, 0) as deal_touch_count,
    touched.deal_last_touch_at,
    coalesce(last_touches.touch_count, 0) as touch_count,
    last_touches.last_touch_at
from people
inner join opportunities on people.opportunity_key = opportunities.opportunity_key
left join {{ ref('dim_contacts') }} as contacts on people.contact_key = contacts.contact_key
left join named on people.opportunity_key = named.opportunity_key and people.contact_key = named.contact_key
left join touched on people.opportunity_key = touched.opportunity_key and people.contact_key = touched.contact_key
left join last_touches on people.contact_key = last_touches.contact_key
