-- A goal, and how far it is from where it began. A band, or a lower-is-better goal without a baseline, is no quotient.
select
    target_id,
    target_name_en,
    target_name_zh,
    metric_id,
    scope_dimension,
    scope_value,
    starts_on,
    due_on,
    baseline_value,
    target_value,
    actual_value,
    case direction when 'up' then actual_value when 'down' then baseline_value - actual_value end as numerator,
    case direction when 'up' then target_value when 'down' then baseline_value - target_value end as denominator,
    progress_rate,
    is_in_total
from rows_goals
where (progress_rate is not null and getvariable('business_date') >= starts_on) or is_in_total
