-- A deal that reaches the quotation gets a quote; while it is negotiated the price comes down, version by version.
create or replace table quotes as
with asked as (
    select
        d.deal_key, d.deal_id, d.crm_id, d.contact_key, d.owner_id, d.region, d.product_line, d.final_amount,
        min(s.entered_at) filter (s.stage_no = 3) as first_quoted_at,
        max(s.left_at) filter (s.stage_no in (3, 4)) as last_left_at,
        1 + pick('quote versions', d.deal_key, 3) as version_count
    from deals as d
    join stage_visits as s using (deal_key)
    group by all
    having count(*) filter (s.stage_no = 3) > 0
),
written as (
    select
        *, deal_key * 10 + version as quote_key,
        first_quoted_at + (last_left_at - first_quoted_at) * ((version - 1) / version_count) as created_at,
        round(final_amount * (1 + 0.05 * (version_count - version)), 2)::decimal(18, 2) as amount
    from asked
    cross join lateral (select unnest(range(1, version_count + 1)) as version) as versions
)
select
    *, 'BJ' || substr(deal_id, 3) as quote_id,
    (amount * (0.05 + 0.1 * draw('quote discount', quote_key)))::decimal(18, 2) as discount,
    (created_at::date + 30)::date as valid_until
from written
where not is_by_the_clock(region);
