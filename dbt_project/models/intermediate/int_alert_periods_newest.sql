select * from {{ ref('int_alert_periods_watched') }}
where is_newest
