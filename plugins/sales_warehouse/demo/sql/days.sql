create or replace table all_days as from rhythm(getvariable('crm_start'), getvariable('last_day'));

-- The days that can still matter for the window.
create or replace table days as
select * from all_days where day >= getvariable('first_birth');

create or replace table open_days as
select * from all_days where day >= getvariable('start_date');
