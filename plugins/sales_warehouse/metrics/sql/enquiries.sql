-- What a system took as an enquiry, and the lead that came of it; what waits is not judged yet.
select
    enquiries.occurred_date as row_date,
    enquiries.event_key,
    enquiries.lead_key,
    enquiries.customer_key,
    customers.customer_name,
    enquiries.source,
    enquiries.event_channel as channel,
    enquiries.occurred_at,
    enquiries.lead_created_at,
    enquiries.capture_status
from fct_enquiries as enquiries
left join dim_customers as customers on enquiries.customer_key = customers.customer_key
where enquiries.capture_status in ('captured', 'lost')
