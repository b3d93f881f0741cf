-- Sellers: one director, one manager for each team, and members by the team's weight. Seat 9999 left before the start.
create table reps as
with seats as (
    select t.*, seat.n as seat_no
    from teams as t
    cross join lateral (
        select unnest(list_append(range(1 + least(9000, greatest(2, round(t.weight * getvariable('customers') / 300)::bigint))), 9999)) as n
    ) as seat
    where seat.n <> 9999 or t.team_no <= 2
    union all
    select 0, 0, '销售管理部', '华东', '销售管理部', 0, 'excel', 0
)
select
    team_no * 10000 + seat_no as rep_key,
    'XS' || format('{:02d}', team_no) || format('{:04d}', seat_no) as rep_id,
    team,
    visit_file,
    department,
    region,
    n.person,
    seat_no = 0 as is_manager,
    case when team_no = 0 then null when seat_no = 0 then 'XS000000' else 'XS' || format('{:02d}', team_no) || '0000' end as manager_id,
    case when seat_no > 0 and draw('rep part time', team_no * 10000 + seat_no) < 0.06 then '0.50' else '1.00' end as fte,
    (getvariable('start_date') - (200 + pick('rep hired', team_no * 10000 + seat_no, 2400))::int)::date as hired_date,
    case when seat_no = 9999 then (getvariable('start_date') - (10 + pick('rep left', team_no, 90))::int)::date end as left_date,
    case
        when seat_no between 1 and 9998 and team <> '在线客服组'
            then row_number() over (partition by region, seat_no between 1 and 9998 and team <> '在线客服组' order by team_no, seat_no) - 1
    end as region_slot,
    case when seat_no between 1 and 9998 and team = '在线客服组' then seat_no - 1 end as service_slot,
    -- sellers in the field, counted through the teams
    case when seat_no between 1 and 9998 and team <> '在线客服组'
        then row_number() over (partition by seat_no between 1 and 9998 and team <> '在线客服组' order by team_no, seat_no) end as rep_no
from seats
left join people_names as n on n.name_no = pick('rep name', team_no * 10000 + seat_no, (select count(*) from people_names));

create table region_staff as
select region, count(region_slot) as staff_count, sum(fte::double) filter (region_slot is not null) as fte from reps group by region;

create table service_staff as
select count(service_slot) as staff_count from reps;
