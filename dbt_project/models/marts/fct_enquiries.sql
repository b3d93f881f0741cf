-- What the web site, the chat platform and the phone system took as an enquiry, and the lead that came of it in the CRM.
with
events as (
    select
        event_key,
        source,
        'web' as event_channel,
        customer_key,
        occurred_at,
        occurred_date
    from {{ ref('fct_web_events') }}
    where event_type = 'form_post'
    union all
    select
        chat_key as event_key,
        source,
        'chat' as event_channel,
        customer_key,
        started_at as occurred_at,
        started_date as occurred_date
    from {{ ref('fct_chats') }}
    where intent = 'enquiry'
    union all
    select
        call_key as event_key,
        source,
        'call' as event_channel,
        customer_key,
        started_at as occurred_at,
        started_date as occurred_date
    from {{ ref('fct_calls') }}
    where outcome = 'enquiry'
),

leads as (
    select
        source_event_key,
        min(lead_key) as lead_key,
        min(created_at) as lead_created_at
    from {{ ref('fct_leads') }}
    -- one with the key of its event was made of the event itself and says nothing of the CRM
    where source_event_key is not null and lead_key <> source_event_key
    group by source_event_key
)

select
    events.event_key,
    events.source,
    events.event_channel,
    events.customer_key,
    events.occurred_at,
    events.occurred_date,
    leads.lead_key,
    leads.lead_created_at,
    case
        when leads.lead_key is not null then 'captured'
        -- a day is given to the people who enter leads by hand
        when {{ microseconds_between('events.occurred_at', as_of()) }} < {{ one_day() }} then 'waiting'
        else 'lost'
    end as capture_status
from events
left join leads on events.event_key = leads.source_event_key
