-- The rhythm of every day: 1 is an ordinary working day in an even season.
create or replace table all_days as
select
    d::date as day,
    day_number(d::date) as day_no,
    isodow(d) as weekday,
    (isodow(d) < 6 and h.day is null) or w.day is not null as is_workday,
    h.day is not null as is_holiday,
    1 + 0.06 * sin(2 * pi() * (dayofyear(d) - 60) / 365.25) + 0.0004 * (d::date - getvariable('start_date')) as season
from generate_series(getvariable('crm_start')::timestamp, getvariable('last_day')::timestamp, interval 1 day) as t(d)
left join holidays as h on h.day = d::date
left join makeup_workdays as w on w.day = d::date;

-- The days that can still matter for the window.
create or replace table days as
select * from all_days where day >= getvariable('first_birth');

create or replace table open_days as
select * from all_days where day >= getvariable('start_date');
