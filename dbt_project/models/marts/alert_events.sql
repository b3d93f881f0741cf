-- An event is a likely cause where it works the way that the figure went, went that way itself, and something as large is
-- seen in at most one of ten places and times where nothing of the kind happened.
select
    incident_key,
    event_number,
    event_key,
    event_type,
    actor,
    is_own_fact,
    cause_number,
    region_key,
    category,
    product_line,
    starts_date,
    ends_date,
    description,
    before_value,
    now_value,
    is_expected,
    excess_value,
    share_rate,
    placebo_count,
    extreme_count,
    placebo_score,
    coalesce(is_expected and share_rate > 0 and placebo_score <= 0.1, false) as is_likely,
    text_en,
    text_zh
from {{ ref('int_alert_events_found') }}
