with
days as (
    select * from {{ ref('int_customer_days_segmented') }}
),

compared as (
    select
        days.*,
        lag(is_member) over (partition by segment_id, customer_key order by profile_date asc) as was_member
    from days
),

turned as (
    select
        compared.*,
        lead(profile_date) over (partition by segment_id, customer_key order by profile_date asc) as next_date
    from compared
    where is_member <> coalesce(was_member, false)
)

select
    segment_id,
    customer_key,
    profile_date as valid_from_date,
    next_date - 1 as valid_to_date,
    next_date is null as is_current
from turned
where is_member
