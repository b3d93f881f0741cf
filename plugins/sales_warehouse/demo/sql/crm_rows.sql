-- What the CRM holds: one row for each version of a record, in the vendor's columns, all text.
-- `_key` and `_version` name the version, `_at` is the local moment from which the system shows it.
create or replace view rows_t_xsry as
select
    rep_key as _key, 0 as _version, hired_date::timestamp as _at,
    rep_id as gh, person as xm, team as tdmc, department as bm, region as dq, manager_id as sjgh, fte as qsd,
    hired_date::varchar as rzrq, left_date::varchar as lzrq
from reps;

create or replace view rows_t_cp as
select
    product_no as _key, 0 as _version, getvariable('crm_start')::timestamp as _at,
    crm_id as cpbh, product as cpmc, product_line as cpx, category as pl, price_band as jgd,
    list_price::decimal(18, 2)::varchar as bzj, unit as dw, traits as bq
from products;

create or replace view rows_t_kh as
with states as (
    select *, 0 as version, opened_at as seen_at from accounts where in_crm
    union all
    select *, 1, resized_at from accounts where resized_at is not null
    union all
    select *, 2, renamed_at from accounts where in_crm and renamed_at is not null
),
known as (
    select
        *,
        case when seen_at >= renamed_at then new_name else crm_name end as name_now,
        case when seen_at >= resized_at then case size_band when '小型' then '中型' when '中型' then '大型' else '中型' end else size_band end as size_now
    from states
)
select
    account_key as _key, version as _version, seen_at as _at,
    crm_id as khbh, name_now as khmc, crm_code as xydm, industry as hylb, region as dq, province as sf, city as cs,
    size_now as gm, owner_id as fzr, case when draw('addressable', account_key) < 0.93 then '是' else '否' end as kkf,
    text_at(opened_at) as jdsj
from known;

create or replace view rows_t_lxr as
with states as (
    select c.*, a.crm_id, a.opened_at, 0 as version, days_on(a.opened_at, 0.02 * (j + 1)) as seen_at, title as title_now
    from contacts as c join accounts as a using (account_key)
    where a.in_crm
    union all
    select c.*, a.crm_id, a.opened_at, 1, at_hour((getvariable('start_date') + (pick('promoted on', contact_key, 720))::int)::date, 17), '副院长'
    from contacts as c join accounts as a using (account_key)
    where a.in_crm and c.account_key < 500000000 and draw('promoted', contact_key) < 0.1
)
select
    contact_key as _key, version as _version, seen_at as _at,
    contact_id as lxrbh, crm_id as khbh, person as xm, phone as sjh, email as yx, wechat_id as wx, title_now as zw, buying_role as jslx,
    text_at(days_on(opened_at, 0.02 * (j + 1))) as jdsj
from states;

create or replace view rows_t_xs as
with states as (
    select *, 0 as version, created_at as seen_at, '新建' as status from leads
    union all select *, 1, assigned_at, '跟进中' from leads
    union all select *, 2, deal_at, '已转化' from leads where converts
    union all select *, 2, dropped_at, '无效' from leads where not converts and dropped_at is not null and deleted_at is null
    union all select *, 3, deleted_at, '跟进中' from leads where deleted_at is not null
)
select
    s.lead_key as _key, version as _version, seen_at as _at,
    s.lead_id as xsbh, case when not s.is_new_company or status = '已转化' then e.crm_id end as khbh,
    e.person as lxr, e.phone as sjh, e.email as yx, e.company as gsmc, s.channel as ly, campaign as hd,
    text_at(s.created_at) as cjsj, case when version > 0 then text_at(s.assigned_at) end as fpsj,
    case when version > 0 then e.rep_id end as fzr,
    status as zt, e.event_system || ':' || e.event_id as lysj, case when version = 3 then '1' else '0' end as sc
from states as s
join enquiries as e on e.lead_key = s.lead_key
where not e.is_lost;

create or replace view rows_t_sj as
with states as (
    select v.deal_key, step_no as version, recorded_at as seen_at, stage, stage_no, '进行中' as status, null::timestamp as ended_at
    from stage_visits as v
    union all
    -- lost, before the customer came back
    select v.deal_key, 13, days_on(left_at, 0.01), stage, stage_no, '输单', left_at
    from stage_visits as v
    where step_no = first_count and step_count > first_count
    union all
    select
        v.deal_key, 14, days_on(max(left_at), 0.01), arg_max(stage, step_no), arg_max(stage_no, step_no),
        case when max(lost_in) is null then '赢单' else '输单' end, max(left_at)
    from stage_visits as v
    group by v.deal_key
)
select
    d.deal_key as _key, version as _version, seen_at as _at,
    deal_id as sjbh, crm_id as khbh, contact_no(contact_key) as lxrbh, lead_id as xsbh, owner_id as fzr, product_line as cpx,
    case when stage_no >= 3 then final_amount else estimate end::varchar as yjje, 'CNY' as bz,
    case when status = '赢单' then '100%' when status = '输单' then '0%' else ['10%', '25%', '45%', '70%', '90%'][stage_no] end as yqgl,
    text_at(created_at) as cjsj, expected_close_date::varchar as yjcj,
    text_at(ended_at) as gbsj, stage as jd, status as zt,
    case when status = '输单' then lost_reason end as dyyy
from states
join deals as d using (deal_key);

create or replace view rows_t_sjjd as
select
    visit_key as _key, 0 as _version, recorded_at as _at,
    deal_id as sjbh, text_at(entered_at) as jrsj, stage as jdmc, stage_no::varchar as jdxh,
    case when stage_no >= 3 then final_amount else estimate end::varchar as je, text_at(recorded_at) as lrsj
from stage_visits
join deals using (deal_key);

create or replace view rows_t_dd as
with settled as (
    select order_key, max(recorded_at) as settled_at, max(paid_at) as last_paid_at from payments group by order_key having bool_or(is_last)
),
states as (
    select o.*, null::timestamp as last_paid_at, 0 as version, recorded_at as seen_at, '已下单' as status from field_orders as o
    union all select o.*, null, 1, greatest(shipped_at, recorded_at), case when is_cancelled then '已作废' else '已发货' end from field_orders as o where not is_mistyped
    union all select o.*, null, 4, deleted_at, '已下单' from field_orders as o where is_mistyped
    union all select o.*, null, 2, greatest(delivered_at, recorded_at), '已签收' from field_orders as o where not is_cancelled
    union all select o.*, s.last_paid_at, 3, greatest(s.settled_at, delivered_at, recorded_at), '已签收' from field_orders as o join settled as s using (order_key) where not is_cancelled
)
select
    order_key as _key, version as _version, days_on(seen_at, 0.001 * version) as _at,
    order_id as ddbh, crm_id as khbh, contact_no(contact_key) as lxrbh, deal_id as sjbh, owner_id as fzr, channel as qd, region as dq,
    status as zt, 'CNY' as bz, text_at(ordered_at) as xdsj, text_at(last_paid_at) as fksj,
    case when status = '已签收' then text_at(delivered_at) end as jfsj, text_at(recorded_at) as lrsj, case when version = 4 then '1' else '0' end as sc
from states
union all
select
    copy_key, version, seen_at, copy_id, crm_id, null, null, owner_id, '电话', region, status, 'CNY', text_at(ordered_at), null,
    case when status = '已签收' then text_at(finished_at) end, text_at(recorded_at), '0'
from (
    select *, 0 as version, recorded_at as seen_at, '已下单' as status from told_twice
    union all select *, 1, greatest(finished_at, days_on(recorded_at, 0.01)), '已签收' from told_twice
);

create or replace view rows_t_ddmx as
with states as (
    select *, 0 as version, recorded_at as seen_at from field_lines
    union all select *, 1, days_on(deleted_at, 0.004) from field_lines where deleted_at is not null
)
select
    line_key as _key, version as _version, seen_at as _at,
    order_id as ddbh, line_no::varchar as hh, product_id as cpbh, quantity::varchar as sl, price::varchar as dj, discount::varchar as zk, tax::varchar as se,
    version::varchar as sc
from states
union all
select
    copy_key, 0, recorded_at, copy_id, line_no::varchar, product_id, quantity::varchar, price::varchar, discount::varchar, tax::varchar, '0'
from lines_told_twice;

create or replace view rows_t_fp as
select
    order_key as _key, 0 as _version, invoiced_at as _at,
    invoice_id as fpbh, order_id as ddbh, amount::varchar as je, invoiced_at::date::varchar as kprq, due_date::varchar as dqrq
from invoices;

create or replace view rows_t_hk as
select
    payment_key as _key, 0 as _version, recorded_at as _at,
    payment_id as hkbh, invoice_id as fpbh, amount::varchar as je, text_at(paid_at) as dzsj
from payments;

create or replace view rows_t_th as
select
    line_key as _key, 0 as _version, returned_at as _at,
    return_id as thbh, order_id as ddbh, line_no::varchar as hh, returned::varchar as sl, refund::varchar as tkje, reason as yy, text_at(returned_at) as thsj
from field_returns;

create or replace view rows_t_bj as
select
    quote_key as _key, 0 as _version, created_at as _at,
    quote_id as bjbh, version::varchar as bb, deal_id as sjbh, crm_id as khbh, contact_no(contact_key) as lxrbh, owner_id as fzr,
    amount::varchar as je, discount::varchar as zk, valid_until::varchar as yxq, text_at(created_at) as cjsj
from quotes;
