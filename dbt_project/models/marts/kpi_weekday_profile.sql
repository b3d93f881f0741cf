with
profiled as (
    select
        profiled.*,
        {{ ratio('enquiry_count', 'day_count') }} as enquiries_per_day,
        {{ ratio('workday_enquiry_count', 'workday_count') }} as workday_enquiries_per_day,
        {{ ratio('converted_count', 'matured_enquiry_count') }} as conversion_rate,
        {{ ratio('workday_converted_count', 'workday_matured_enquiry_count') }} as workday_conversion_rate
    from {{ ref('int_weekdays_profiled') }} as profiled
),

compared as (
    select
        profiled.*,
        {{ ratio('enquiries_per_day', 'workday_enquiries_per_day') }} as enquiries_per_day_factor,
        {{ ratio('conversion_rate - workday_conversion_rate', 'workday_conversion_rate') }} as conversion_change_rate
    from profiled
),

judged as (
    select
        compared.*,
        coalesce(p_value <= significance and conversion_change_rate <= -least_change_rate, false) as is_flagged
    from compared
)

select
    judged.day_type,
    judged.day_of_week,
    judged.first_date as period_start_date,
    judged.last_date as period_end_date,
    judged.day_count,
    case when asked.is_measured then judged.enquiry_count end as enquiry_count,
    case when asked.is_measured then judged.enquiries_per_day end as enquiries_per_day,
    case when asked.is_measured then judged.enquiries_per_day_factor end as enquiries_per_day_factor,
    case when asked.is_measured then judged.matured_enquiry_count end as matured_enquiry_count,
    case when converted.is_measured then judged.converted_count end as converted_count,
    case when converted.is_measured then judged.conversion_rate end as conversion_rate,
    case when converted.is_measured then judged.conversion_change_rate end as conversion_change_rate,
    case when converted.is_measured then cast((judged.conversion_rate - judged.workday_conversion_rate) * 100 as decimal(18, 4)) end
        as conversion_change_points,
    case when converted.is_measured then cast(judged.p_value as decimal(18, 8)) end as p_value,
    case when sold.is_measured then judged.order_count end as order_count,
    case when sold.is_measured then judged.net_sales_amount end as net_sales_amount,
    judged.is_flagged,
    advice.advice_id,
    advice.advice_en,
    advice.advice_zh
from judged
cross join (select {{ is_measured('weekday_enquiries') }} as is_measured) as asked
cross join (select {{ is_measured('weekday_conversion') }} as is_measured) as converted
cross join (select {{ is_measured('weekday_sales') }} as is_measured) as sold
-- Worth somebody's day off only where as many ask as on a workday.
left join {{ ref('advice') }} as advice
    on judged.is_flagged and judged.enquiries_per_day_factor >= 1 and advice.advice_id = 'off_hours_service'
where asked.is_measured or sold.is_measured
