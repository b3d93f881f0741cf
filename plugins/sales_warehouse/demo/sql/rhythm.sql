-- The rhythm of every day: 1 is an ordinary working day in an even season.
create macro rhythm(first_day, last_day) as table
select
    d::date as day,
    day_number(d::date) as day_no,
    isodow(d) as weekday,
    (isodow(d) < 6 and h.day is null) or w.day is not null as is_workday,
    h.day is not null as is_holiday,
    1 + 0.06 * sin(2 * pi() * (dayofyear(d) - 60) / 365.25) + 0.0004 * (d::date - getvariable('start_date')) as season
from generate_series(first_day::timestamp, last_day::timestamp, interval 1 day) as t(d)
left join holidays as h on h.day = d::date
left join makeup_workdays as w on w.day = d::date;

create macro enquiries_of(customers, season, is_workday, is_holiday) as
    0.04 * customers * season * case when is_workday then 1 else day_off_enquiries(case when is_holiday then 0.3 else 0.35 end) end;

-- Of the enquiries of the history, so many come to nothing. The history is a fixed time, whatever is unfolded.
set variable unconverted_share = (
    select 1 - sum(weight * (conversion_rate(usual, is_workday, day, false) + conversion_rate(usual, is_workday, day, true)) / 2) / sum(weight)
    from (
        select *, enquiries_of(1, season, is_workday, is_holiday) as weight, usual_conversion() as usual
        from rhythm(getvariable('start_date'), getvariable('business_date'))
    )
);
