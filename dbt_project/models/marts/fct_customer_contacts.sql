-- The people of a customer: those it employs, and those who were touched in its name and work elsewhere now.
with
contacts as (
    select * from {{ ref('dim_contacts') }}
    where contact_key <> 'unknown'
),

touches as (
    select
        customer_key,
        contact_key,
        touchpoint_type,
        channel,
        occurred_at,
        row_number() over (
            partition by customer_key, contact_key order by occurred_at desc nulls last, touchpoint_key desc
        ) as place
    from {{ ref('fct_touchpoints') }}
    where contact_key <> 'unknown'
),

touched as (
    select
        customer_key,
        contact_key,
        count(*) as touch_count,
        min(occurred_at) as first_touch_at,
        max(occurred_at) as last_touch_at,
        max(case when place = 1 then touchpoint_type end) as last_touch_type,
        max(case when place = 1 then channel end) as last_touch_channel
    from touches
    group by customer_key, contact_key
),

pairs as (
    select
        customer_key,
        contact_key
    from contacts
    union distinct
    select
        customer_key,
        contact_key
    from touched
)

select
    pairs.customer_key,
    pairs.contact_key,
    contacts.contact_name,
    contacts.title,
    coalesce(contacts.contact_role, 'unknown') as contact_role,
    coalesce(contacts.customer_key = pairs.customer_key, false) as is_employed,
    coalesce(contacts.is_deleted, false) as is_deleted,
    coalesce(touched.touch_count, 0) as touch_count,
    touched.first_touch_at,
    touched.last_touch_at,
    touched.last_touch_type,
    touched.last_touch_channel
from pairs
left join contacts on pairs.contact_key = contacts.contact_key
left join touched on pairs.customer_key = touched.customer_key and pairs.contact_key = touched.contact_key
