"""A synthetic published warehouse: every mart the board reads, the same bytes of data for the same arguments."""

from __future__ import annotations

import datetime
from decimal import Decimal as D
from pathlib import Path

import duckdb

from sales_warehouse.sql import literal

REGIONS = [
    ("east", "East China", "华东", 1.9, "CN-SH CN-JS CN-ZJ CN-AH CN-FJ CN-JX CN-SD CN-TW"),
    ("south", "South China", "华南", 1.6, "CN-GD CN-GX CN-HI CN-HK CN-MO"),
    ("north", "North China", "华北", 1.3, "CN-BJ CN-TJ CN-HE CN-SX CN-NM"),
    ("central", "Central China", "华中", 0.9, "CN-HA CN-HB CN-HN"),
    ("southwest", "Southwest China", "西南", 0.8, "CN-CQ CN-SC CN-GZ CN-YN CN-XZ"),
    ("northeast", "Northeast China", "东北", 0.6, "CN-LN CN-JL CN-HL"),
    ("northwest", "Northwest China", "西北", 0.4, "CN-SN CN-GS CN-QH CN-NX CN-XJ"),
]
CHANNELS = [
    ("online_store", "Online store", "网上商城", 1.5),
    ("dealer", "Dealers", "经销商", 1.2),
    ("field", "Field sales", "线下直销", 1.0),
    ("phone", "Phone", "电话销售", 0.5),
    ("social", "Social media", "社交媒体", 0.3),
    ("marketplace", "Marketplace", "第三方平台", 0.0),
]
LINES = [("婴幼儿配方奶粉", 1.7), ("营养补充剂", 1.1), ("医疗器械", 0.9), ("母婴护理", 0.6)]
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋"
GIVEN = [
    "敏",
    "静",
    "伟",
    "芳",
    "磊",
    "洋",
    "娟",
    "涛",
    "明",
    "超",
    "丽",
    "强",
    "霞",
    "军",
    "杰",
    "婷",
    "鹏",
    "慧",
    "雪",
    "峰",
    "琳",
    "浩",
    "颖",
    "宁",
]
STAGES = [
    ("qualification", 1),
    ("needs", 2),
    ("solution", 3),
    ("quotation", 4),
    ("negotiation", 5),
]
STEPS = [
    (1, "lead", "Lead", "线索", 260.0),
    (2, "qualification", "Qualification", "需求确认", 118.0),
    (3, "solution", "Technical solution", "技术方案确认", 82.0),
    (4, "quotation", "Quotation", "报价", 49.0),
    (5, "order", "Order", "订单", 33.0),
    (6, "invoice", "Invoice", "开票", 31.0),
    (7, "payment", "Payment", "回款", 27.0),
]
METRICS = [
    ("new_leads", 1, "New leads", "新增线索数", "count", "up"),
    ("lead_conversion_rate", 2, "Lead conversion rate", "线索转化率", "rate", "up"),
    ("stage_loss_rate", 6, "Stage loss rate", "阶段流失率", "rate", "down"),
    ("stage_dwell_days", 7, "Days in stage", "阶段停留天数", "days", "down"),
    ("win_rate", 8, "Win rate", "赢单率", "rate", "up"),
    ("net_sales", 13, "Net sales", "净销售额", "money", "up"),
    ("entry_within_24h_rate", 101, "Entered within 24 hours", "24小时内录入率", "rate", "up"),
]


def write_warehouse(
    path: Path,
    *,
    business_date: datetime.date = datetime.date(2026, 6, 18),
    days: int = 120,
    reps: int = 4,
    alerts: int = 1,
    language: str = "en",
    company_name: str = "Lumen Nutrition",
    are_rules_whole: bool = False,
) -> Path:
    """Write a warehouse with `days` of history up to `business_date`; `reps` sellers in each region.

    Some rules of alerts have mistakes unless `are_rules_whole`.
    The company's settings tables go into a folder `settings` beside it.
    """
    path.unlink(missing_ok=True)
    settings_of(path).mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as db:
        db.execute("create schema marts")
        _settings(db, settings_of(path), business_date, language, company_name)
        if are_rules_whole:
            (settings_of(path) / "left_out_rules.parquet").unlink()
        _dimensions(db, business_date, days, reps)
        _sales(db, business_date)
        _kpis(db, business_date)
        _heads(db, business_date)
        _pipeline(db, business_date)
        _targets(db, business_date)
        _incidents(db, business_date, alerts)
        _customers(db, business_date)
        _trust(db, business_date)
    return path


def settings_of(warehouse: Path) -> Path:
    return warehouse.parent / "settings"


def _settings(
    db: duckdb.DuckDBPyConnection, folder: Path, business_date: datetime.date, language: str, name: str
) -> None:
    as_of = datetime.datetime.combine(business_date, datetime.time(18, 10))
    tables = {
        "company": (
            "company_id, name_en, name_zh, currency, time_zone, country, language, business_date, as_of",
            [("lumen", name, "流明营养", "CNY", "Asia/Shanghai", "CN", language, business_date, as_of)],
        ),
        "lifecycle_tiers": (
            "tier, priority, name_en, name_zh, retention_class",
            [
                ("A", 1, "High intent", "高意向", "full"),
                ("B", 2, "Potential", "潜在客户", "profile"),
                ("C", 3, "Dormant", "休眠客户", "last_active"),
            ],
        ),
        "left_out_rules": (
            "rule_number, line_number, rule_id, name_en, name_zh, owner, rule_state, part, mistake, mistake_zh",
            [
                (
                    3,
                    21,
                    "returns",
                    "Goods come back",
                    "退货率上升",
                    "Customer service",
                    "on",
                    "metric",
                    "unknown metric 'retun_rate'; did you mean 'return_rate'?",
                    "未知的指标 'retun_rate'，是否为 'return_rate'？",
                ),
                (4, 30, "old", "Not used any more", "已停用", "Sales", "off", "metric", "unknown metric 'x'", None),
                (5, 40, None, None, None, None, None, "id", "is missing", None),
            ],
        ),
        "targets": (
            "target_id, name_en, name_zh",
            [
                ("year", "Net sales, company, this year", "全公司年度净销售额"),
                ("wins", "Win rate to 42 %", "赢单率提升至42%"),
                ("quotation", "Quotation stage from 20 to 14 days", "报价阶段停留从20天缩短至14天"),
            ],
        ),
    }
    for table, (columns, rows) in tables.items():
        _values(db, table, columns, rows)
        db.execute(f"copy marts.{table} to {literal(str(folder / f'{table}.parquet'))} (format parquet)")
        db.execute(f"drop table marts.{table}")


def _values(db: duckdb.DuckDBPyConnection, table: str, columns: str, rows: list[tuple]) -> None:
    body = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
    db.execute(f"create or replace table marts.{table} as select * from (values {body}) as t({columns})")


def _dimensions(db: duckdb.DuckDBPyConnection, business_date: datetime.date, days: int, reps: int) -> None:
    start = business_date - datetime.timedelta(days=days - 1)
    db.execute(f"""
        create table marts.dim_dates as
        select d::date as date_day, date_trunc('week', d)::date as week_start_date,
            date_trunc('month', d)::date as month_start_date, date_trunc('quarter', d)::date as quarter_start_date,
            year(d)::integer as year_number, isodow(d)::integer as day_of_week,
            isodow(d) < 6 as is_workday, false as is_holiday, null::varchar as holiday_name
        from generate_series({literal(start)}, date '2026-12-31', interval 1 day) as t(d)""")
    regions = [(key, en, zh, "region", None, None) for key, en, zh, _, _ in REGIONS]
    regions += [(iso.lower(), iso, iso, "province", key, iso) for key, _, _, _, isos in REGIONS for iso in isos.split()]
    columns = "region_key, region_name_en, region_name_zh, region_level, parent_region_key, iso_code"
    _values(db, "dim_regions", columns, [*regions, ("unknown", "Unknown", "未知", "region", None, None)])
    _values(db, "dim_channels", "channel, channel_name_en, channel_name_zh", [row[:3] for row in CHANNELS])
    people = [
        (
            f"crm:r{i:03d}",
            SURNAMES[i % 24] + GIVEN[(i * 7) % 24],
            f"{REGIONS[i // reps][0]} team",
            "sales",
            REGIONS[i // reps][0],
            None,
            None,
            1,
            start,
            None,
        )
        for i in range(reps * len(REGIONS))
    ]
    columns = (
        "rep_key, rep_name, team, department, region_key, manager_rep_key, manager_name, fte, hired_date, left_date"
    )
    _values(db, "dim_sales_reps", columns, people)


def _sales(db: duckdb.DuckDBPyConnection, business_date: datetime.date) -> None:
    weights = ", ".join(f"({literal(key)}, {weight})" for key, _, _, weight, _ in REGIONS)
    channels = ", ".join(f"({literal(row[0])}, {row[3]})" for row in CHANNELS)
    lines = ", ".join(f"({literal(line)}, {weight})" for line, weight in LINES)
    db.execute(f"""
        create table marts.fct_sales_daily as
        with cells as (
            select d.date_day, r.region_key, c.channel, r.rep_key, l.line,
                region_weight * channel_weight * line_weight
                * (1 + 0.28 * epoch(d.date_day::timestamp) / 86400 / 365 - 0.28 * 55)
                * (1 + 0.18 * sin(2 * pi() * dayofyear(d.date_day) / 365.0)
                    + 0.10 * (month(d.date_day) in (6, 11))::int)
                * case when d.day_of_week >= 6 then 0.45 else 1 end
                * case when r.region_key = 'east' and d.date_day > {literal(business_date - datetime.timedelta(days=9))}
                    then 0.62 else 1 end as weight,
                hash(d.date_day, r.rep_key, c.channel, l.line) as h
            from marts.dim_dates as d, marts.dim_sales_reps as r,
                (values {channels}) as c(channel, channel_weight),
                (values {lines}) as l(line, line_weight),
                (values {weights}) as w(region_key, region_weight)
            where w.region_key = r.region_key and d.date_day <= {literal(business_date)} and channel_weight > 0
        ),
        lines as (
            select *, round((600 + (h >> 17) % 9000 + 40 * (hash(rep_key) % 97)) * weight, 2)::decimal(18, 4) as gross
            from cells where h % 100 < 30
        )
        select date_day as sales_date, region_key, channel, rep_key, line as product_line, line as category,
            gross as gross_amount, round(gross * 0.04, 2)::decimal(18, 4) as discount_amount,
            case when h % 997 < 25 then round(gross * 0.5, 2)::decimal(18, 4) else 0::decimal(18, 4)
                end as returns_amount,
            (gross - round(gross * 0.04, 2)::decimal(18, 4)
                - case when h % 997 < 25 then round(gross * 0.5, 2)::decimal(18, 4) else 0::decimal(18, 4) end
            )::decimal(18, 4) as net_sales_amount,
            1 + (h >> 5) % 3 as order_count, 1 + (h >> 7) % 20 as unit_count
        from lines""")


def _kpis(db: duckdb.DuckDBPyConnection, business_date: datetime.date) -> None:
    rows = [(*metric, True) for metric in METRICS]
    columns = "metric_id, number, name_en, name_zh, unit, direction, is_on_board"
    _values(db, "kpi_metrics", columns, rows)
    for column in ("is_cohort boolean default false", "aggregation varchar", "matures_after_days bigint default 0"):
        db.execute(f"alter table marts.kpi_metrics add column {column}")
    today = literal(business_date)
    grains = "(values ('day'), ('week'), ('month'), ('quarter')) as g(grain)"
    stages = ", ".join(f"({literal(stage)}, {order})" for stage, order in STAGES)
    db.execute(f"""
        create table marts.kpi_values as
        with cut as (
            select grain, date_trunc(grain, sales_date)::date as start, dimension_name, dimension_value,
                sum(net_sales_amount) as amount
            from marts.fct_sales_daily, {grains},
                lateral (values ('total', 'total'), ('region', region_key), ('channel', channel), ('rep', rep_key),
                    ('product_line', product_line)) as d(dimension_name, dimension_value)
            group by all
        ),
        periods as (
            select distinct grain, date_trunc(grain, date_day)::date as start
            from marts.dim_dates, (values ('week'), ('month')) as g(grain) where date_day <= {today}
        ),
        rates as (
            select 'win_rate' as metric_id, grain, start, 'total' as dimension_name, 'total' as dimension_value,
                38 + hash(start, 'w') % 9 as n, 96 + hash(start, 'v') % 12 as m from periods
            union all
            select 'win_rate', grain, start, 'rep', rep_key, 1 + hash(start, rep_key) % 4, 4 + hash(rep_key, start) % 4
            from periods, marts.dim_sales_reps
            union all
            select 'lead_conversion_rate', grain, start, 'total', 'total', 52 + hash(start, 'l') % 14,
                240 + hash(start, 'm') % 40 from periods
            union all
            select 'entry_within_24h_rate', grain, start, 'total', 'total', 870 + hash(start, 'e') % 60,
                960 + hash(start, 'f') % 30 from periods
            union all
            select 'stage_loss_rate', grain, start, 'stage', stage,
                12 + (stage_order % 4) * 9 + hash(start, stage) % 6, 74 + hash(stage, start) % 12
            from periods, (values {stages}) as s(stage, stage_order)
            union all
            select 'stage_dwell_days', grain, start, 'stage', stage,
                (4 + stage_order * 3 + hash(start, stage, 'd') % 3) * (40 + hash(stage) % 9), 40 + hash(stage) % 9
            from periods, (values {stages}) as s(stage, stage_order)
        )
        select 'net_sales' as metric_id, grain as period_grain, start as period_start_date, dimension_name,
            dimension_value, amount::decimal(28, 8) as numerator, null::decimal(28, 8) as denominator,
            amount::decimal(28, 8) as value, {literal(datetime.datetime.combine(business_date, datetime.time(18)))}
                as as_of,
            (start + case grain when 'day' then interval 1 day when 'week' then interval 7 day
                when 'month' then interval 1 month else interval 3 month end)::date <= {today} + 1 as is_matured
        from cut
        union all
        select metric_id, grain, start, dimension_name, dimension_value, n::decimal(28, 8), m::decimal(28, 8),
            (n / m)::decimal(28, 8), {literal(datetime.datetime.combine(business_date, datetime.time(18)))},
            start + case when metric_id = 'lead_conversion_rate' then 37 else 31 end <= {today}
        from rates""")


def _heads(db: duckdb.DuckDBPyConnection, business_date: datetime.date) -> None:
    """Worked by hand: the north sells 780,000 with two full-time sellers, the south 1,000,000, the east 1,350,000 with
    three; one seller of the northeast sells nothing, and nobody sells in the northwest, which sells all the same.
    Of the centre and the southwest nothing is told."""
    columns = (
        "period_grain, period_start_date, period_end_date, region_key, net_sales_amount, fte_days, average_fte, "
        "net_sales_per_head_amount, best_region_key, gap_to_best_rate, peer_net_sales_per_head_amount, "
        "gap_to_peers_rate"
    )
    this_month = business_date.replace(day=1)
    last_month_end = this_month - datetime.timedelta(days=1)
    year = ("year", business_date - datetime.timedelta(days=364), business_date)
    may = ("month", last_month_end.replace(day=1), last_month_end)
    june = ("month", this_month, business_date)
    rows = [
        (*year, "south", 1000000, 730, 2, 500000, "south", D(0), 355000, D("0.40845070")),
        (*year, "north", 780000, 730, 2, 390000, "south", D("-0.22"), D("391666.6667"), D("-0.00425532")),
        (*year, "east", 1350000, 1095, 3, 450000, "south", D("-0.1"), 356000, D("0.26404494")),
        (*year, "northeast", 0, 365, 1, 0, "south", D(-1), D("447142.8571"), D(-1)),
        (*year, "northwest", 120000, 0, 0, None, None, None, None, None),
        (*year, "unknown", 50000, 0, 0, None, None, None, None, None),
        (*may, "south", 64000, 62, 2, 32000, "north", D("-0.2"), 40000, D("-0.2")),
        (*may, "north", 80000, 62, 2, 40000, "north", D(0), 32000, D("0.25")),
        (*june, "south", 40000, 36, 2, 20000, "south", D(0), None, None),
        (*june, "north", 10000, 0, 0, None, None, None, None, None),
    ]
    _values(db, "kpi_region_productivity", columns, rows)


def _pipeline(db: duckdb.DuckDBPyConnection, business_date: datetime.date) -> None:
    steps = ", ".join("(" + ", ".join(literal(value) for value in step) + ")" for step in STEPS)
    db.execute(f"""
        create table marts.kpi_funnel as
        with cohorts as (
            select distinct month_start_date as cohort_month,
                month_start_date < {literal(business_date)} - 120 as is_matured
            from marts.dim_dates where date_day <= {literal(business_date)}
        ),
        entered as (
            select *, (size + hash(cohort_month) % 9 * size / 60)::bigint as entered_count
            from cohorts, (values {steps}) as s(step_order, step, step_name_en, step_name_zh, size)
        ),
        following as (
            select *, lead(entered_count) over (partition by cohort_month order by step_order) as following_count
            from entered
        ),
        advanced as (
            select *, coalesce(following_count, entered_count) as advanced_count,
                case when is_matured then 0
                    else ((entered_count - coalesce(following_count, entered_count)) * 0.6)::bigint end as open_count
            from following
        )
        select cohort_month, step_order::integer as step_order, step, step_name_en, step_name_zh, entered_count,
            advanced_count, entered_count - advanced_count - open_count as lost_count, open_count,
            (entered_count * 21350.5)::decimal(18, 4) as entered_amount, is_matured
        from advanced""")
    events = ", ".join(f"({literal(stage)}, {order})" for stage, order in STAGES)
    db.execute(f"""
        create table marts.fct_opportunity_stage_events as
        select 'crm:o1' as opportunity_key, stage, stage_order from (values {events}) as s(stage, stage_order)""")
    db.execute(f"""
        create table marts.fct_opportunities as
        select 'crm:o' || i as opportunity_key, 'unknown' as customer_key,
            (8000 + hash(i) % 190000)::decimal(18, 4) as amount,
            (0.2 + hash(i, 'p') % 6 / 10.0)::decimal(18, 4) as probability_rate,
            ({literal(business_date)} - (hash(i, 'c') % 200)::integer)::date as created_date,
            case when i % 3 = 0 then 'won' when i % 3 = 1 then 'lost' else 'open' end as opportunity_status,
            (select region_key from marts.dim_regions where region_level = 'region' and region_key <> 'unknown'
                order by hash(region_key) limit 1) as region_key
        from range(480) as t(i)""")


def _targets(db: duckdb.DuckDBPyConnection, business_date: datetime.date) -> None:
    year, quarter = datetime.date(business_date.year, 1, 1), datetime.date(business_date.year, 4, 1)
    year_end, quarter_end = datetime.date(business_date.year, 12, 31), datetime.date(business_date.year, 6, 30)
    columns = (
        "target_id, metric_id, scope_dimension, scope_value, baseline_value, target_value, "
        "actual_value, progress_rate, expected_progress_rate, starts_on, due_on, owner, status"
    )
    rows = [
        (
            "year",
            "net_sales",
            "total",
            "total",
            0.0,
            260000000.0,
            124350000.5,
            0.4783,
            0.46,
            year,
            year_end,
            "Zhao Min",
            "on_track",
        ),
        (
            "wins",
            "win_rate",
            "total",
            "total",
            0.36,
            0.42,
            0.3934,
            0.5567,
            0.83,
            quarter,
            quarter_end,
            "Sales operations",
            "behind",
        ),
        (
            "quotation",
            "stage_dwell_days",
            "stage",
            "quotation",
            20.0,
            14.0,
            13.6,
            1.0667,
            0.83,
            quarter,
            quarter_end,
            "Solutions team",
            "met",
        ),
        (
            "collection",
            "collection_rate",
            "total",
            "total",
            0.9,
            0.95,
            None,
            None,
            0.83,
            quarter,
            quarter_end,
            "Finance",
            "no_data",
        ),
    ]
    _values(db, "kpi_targets", columns, rows)
    db.execute("""
        create table marts.kpi_movers as from (values
            ('net_sales', 'money', 'total', 'total', 'week', date '2026-06-08', date '2026-06-14', 1240000.0, 1000000.0,
             240000.0, 1),
            ('net_sales', 'money', 'region', 'east', 'week', date '2026-06-08', date '2026-06-14', 10000.0, 20000.0,
             -10000.0, 2),
            ('win_rate', 'rate', 'total', 'total', 'month', date '2026-05-01', date '2026-05-31', 0.4, 0.3, 0.1, 1)) t(
            metric_id, unit, dimension_name, dimension_value, period_grain, period_start_date, period_end_date, value,
            previous_value, change_value, change_rank)""")
    db.execute("alter table marts.kpi_movers add column week_start_date date default date '2026-06-08'")
    db.execute("alter table marts.kpi_movers add column workday_count bigint default 4")
    db.execute("alter table marts.kpi_movers add column previous_workday_count bigint default 5")
    db.execute("alter table marts.kpi_movers add column comparable_value double")
    db.execute(
        "update marts.kpi_movers set comparable_value = 800000 where dimension_name = 'total' and unit = 'money'"
    )
    db.execute("update marts.kpi_movers set comparable_value = previous_value where comparable_value is null")
    texts = ("metric_name_en", "metric_name_zh", "direction", "change_type")
    figures = ("change_rate", "comparison_rate", "comparable_change_value", "comparable_change_rate")
    for column in (*(f"{name} varchar" for name in texts), *(f"{name} double" for name in figures)):
        db.execute(f"alter table marts.kpi_movers add column {column}")
    db.execute("alter table marts.kpi_movers add column previous_start_date date")
    _values(
        db,
        "kpi_goal_lints",
        "subject_type, subject_id, lint_type, smart_letter, severity, message_en, message_zh",
        [
            ("goal", "wins", "beyond_best", "A", "warning", "asks for more than ever was", "高于历史最好水平"),
            ("goal_set", "sent", "missing_owner", None, "fault", "nobody answers for it", "无负责人"),
        ],
    )
    db.execute("""
        create table marts.kpi_board as
        select 13::bigint as number, 'net_sales' as metric_id, 'money' as unit, 'month' as period_grain,
            date '2026-05-01' as period_start_date, 20500000.0 as numerator, null::double as denominator,
            20500000.0 as value, 'year' as target_id, 260000000.0 as target_value, 0.4783 as progress_rate,
            0.46 as expected_progress_rate, 270326088.04 as projected_value, 'meets' as projected_status,
            date '2026-12-31' as due_on, 'on_track' as target_status
        union all
        select 8, 'win_rate', 'rate', 'month', date '2026-05-01', 40, 100, 0.4, null, null, null, null, null, null,
            null, 'no_target'""")


NOTHING_SINGLED_OUT = ("No single cell stands out.", "没有突出的单元格。")


def _incidents(db: duckdb.DuckDBPyConnection, business_date: datetime.date, count: int) -> None:
    """As many standing incidents as asked for, the first with all there is to tell, and one that ended last week."""
    monday = business_date - datetime.timedelta(days=business_date.weekday() + 7)
    sunday, keys = monday + datetime.timedelta(days=6), [region[0] for region in REGIONS[: count + 1]]
    alerts = {key: f"net_sales_fall|{key}|{monday}" for key in keys}
    names = {key: (en, zh) for key, en, zh, *_ in REGIONS}
    _values(
        db,
        "alert_metrics",
        "incident_key, metric_id, period_grain, period_start_date, dimension_name, dimension_value, value, "
        "compared_value",
        [(alerts[key], "net_sales", "week", monday, "region", key, D("812345.5"), D("1160493.57")) for key in keys],
    )
    said = [
        (
            f"Net sales, {names[key][0]}: -30 %",
            f"净销售额·{names[key][1]}：-30%",
            f"Net sales of {names[key][0]} fell by 30 % in the week from {monday}, from 1,160,493.57 to 812,345.50.",
            f"{names[key][1]}的净销售额在 {monday} 起的一周环比下降 30%，由 1,160,493.57 变为 812,345.50。",
        )
        for key in keys
    ]
    _values(
        db,
        "fct_incidents",
        "incident_key, incident_status, severity, alert_key, rule_id, owner, playbook_id, period_start_date, "
        "period_end_date, opened_date, status_date, snoozed_until_date, subject_count, is_personal, is_closed, "
        "title_en, title_zh, reason_en, reason_zh",
        [
            (
                alerts[key], "resolved" if place == count else "acknowledged" if place else "open",
                "warning" if place else "critical",
                alerts[key], "net_sales_fall", "Chen Lei", "dealer_recovery", monday, sunday,
                monday if place == count else business_date, sunday if place == count else business_date, None,
                2 if place == 0 else 1, False, place == count, *said[place],
            )
            for place, key in enumerate(keys)
        ],
    )  # fmt: skip
    first = alerts[keys[0]]
    _values(
        db,
        "fct_incident_events",
        "incident_key, event_number, event_type, event_date, note, period_start_date, period_end_date",
        [
            (first, 1, "opened", business_date, None, monday, sunday),
            (first, 2, "assigned", business_date, "asked Wang about the dealers", None, None),
        ],
    )
    _values(
        db,
        "alert_causes",
        "incident_key, cause_number, is_residual, contribution_value, share_rate, text_en, text_zh",
        [
            (first, 0, True, D("-86036.82"), D("0.25"), "The rest: -86,036.82.", "其余：-86,036.82。"),
            (
                first,
                1,
                False,
                D("-262111.25"),
                D("0.75"),
                "Dealers explain 75 % of the fall.",
                "经销商解释了下跌的 75%。",
            ),
            *((alerts[key], 0, True, D("-348148.07"), D("1"), *NOTHING_SINGLED_OUT) for key in keys[1:2]),
        ],
    )
    _values(
        db,
        "alert_events",
        "incident_key, event_number, starts_date, ends_date, placebo_score, text_en, text_zh",
        [(first, 1, monday, sunday, D("0.04"), "A competitor gave one for one.", "竞品买一赠一。")],
    )
    books = ("dealer_recovery", "Win back dealer orders", "经销商订单恢复", "Channel sales")
    _values(
        db,
        "alert_playbooks",
        "incident_key, playbook_number, playbook_id, playbook_name_en, playbook_name_zh, department, steps_en, "
        "steps_zh, reason_en, reason_zh, use_count, measured_count, effect_type, effect_value, lower_value, "
        "upper_value",
        [
            (
                first, 1, *books, "Call the largest dealers\nAgree on a delivery plan", "致电主要经销商\n商定发货计划",
                "The rule names it.", "预警规则指定。", 3, 2, "relative", D("0.12"), D("0.03"), D("0.21"),
            )
        ],
    )  # fmt: skip
    _values(
        db,
        "kpi_alert_trials",
        "rule_id, rule_name_en, rule_name_zh, rule_state, rule_order, dimension_value, judged_count, alert_count, "
        "last_alert_date",
        [
            ("net_sales_fall", "Net sales fell", "净销售额下跌", "on", 1, "east", 52, 2, monday),
            ("net_sales_fall", "Net sales fell", "净销售额下跌", "on", 1, "west", 50, 1, None),
            ("slow", "Slow answers", "响应慢", "trial", 2, "all", 12, 0, None),
        ],
    )
    _values(
        db,
        "fct_actions",
        "action_key, incident_key, playbook_name_en, playbook_name_zh, playbook_id, department, owner, due_date, "
        "action_status, outcome_status, effect_type, effect_value, lower_value, upper_value, outcome_reason_en, "
        "outcome_reason_zh",
        [
            (
                "older|other", "older", *books[1:3], books[0], books[3], "Wang Fang", business_date, "done",
                "not_measurable", None, None, None, None, "It was not alone.", "并非唯一行动。",
            ),
            (
                "older|dealer_recovery", "older", *books[1:3], books[0], books[3], "Chen Lei", business_date, "done",
                "measured", "points", D("0.15"), D("0.05"), D("0.25"), None, None,
            )
        ],
    )  # fmt: skip


def _customers(db: duckdb.DuckDBPyConnection, business_date: datetime.date) -> None:
    isos = [(iso, key) for key, _, _, _, listed in REGIONS for iso in listed.split()]
    provinces = ", ".join(f"({i}, {literal(iso.lower())}, {literal(key)})" for i, (iso, key) in enumerate(isos))
    db.execute(f"""
        create table marts.dim_customers as
        with people as (
            select i, ['A', 'B', 'B', 'B', 'C', 'C'][1 + (hash(i) % 6)::integer] as tier, least(hash(i, 'p') % 34,
                hash(i, 'q') % 34) as province from range(1, 900) as t(i)
        )
        select 'c' || i as customer_key, '客户 ' || i as customer_name, p.parent as region_key, p.key as province_key,
            tier,
            case tier when 'A' then 'an open opportunity, and an order in the last 90 days'
                when 'B' then case when i % 4 = 0 then 'an enquiry in the last 180 days'
                    else 'an order in the last 365 days' end
                else 'no contact for 180 days' end || ' (days_since_last_order = ' || i || ' ≤ 900)' as tier_reason_en,
            case tier when 'A' then '有进行中的商机,且近90天内有订单'
                when 'B' then case when i % 4 = 0 then '近180天内有咨询' else '近365天内有订单' end
                else '超过180天未联系' end || '（days_since_last_order = ' || i || ' ≤ 900）' as tier_reason_zh,
            {literal(business_date)}::date - (hash(i, 'f') % 400)::integer as first_order_date,
            true as is_addressable, 1 as source_record_count, i = 899 as is_deleted
        from people join (values {provinces}) as p(n, key, parent) on p.n = province""")
    _values(
        db,
        "dim_segments",
        "segment_id, segment_type, segment_name_en, segment_name_zh, display_order",
        [
            ("large_buyer", "tag", "More than 500,000 a year", "年度采购额>50万", 1),
            ("medical", "tag", "Medical devices", "医疗器械", 2),
            ("east_medical_large", "segment", "East + medical + large", "华东地区+医疗器械+年度采购额>50万", 1),
            ("nobody", "segment", "Nobody yet", "暂无客户", 2),
        ],
    )
    # in a tag since four months ago, of the segment half since ten days ago; somebody left it
    db.execute(f"""
        create table marts.fct_segment_members as
        with members as (
            select * from (values ('large_buyer', 5, 120), ('medical', 3, 120), ('east_medical_large', 11, 120),
                ('east_medical_large', 13, 10)) as m(segment_id, nth, ago)
        )
        select segment_id, 'c' || i as customer_key, {literal(business_date)}::date - ago as valid_from_date,
            case when i = 11 then {literal(business_date)}::date - 20 end as valid_to_date, i <> 11 as is_current
        from members join range(1, 900) as t(i) on i % nth = 0 and (nth <> 13 or i % 11 <> 0)""")


def _trust(db: duckdb.DuckDBPyConnection, business_date: datetime.date) -> None:
    night = datetime.datetime.combine(business_date, datetime.time(17, 42))
    old = night - datetime.timedelta(hours=60)
    _values(
        db,
        "trust_source_freshness",
        "source, label_en, label_zh, last_load_at, last_event_at, last_status, last_error, age_hours, "
        "expected_within_hours, freshness_status",
        [
            ("crm", "CRM", "客户关系管理", night, night, "landed", None, 0.5, 36, "fresh"),
            ("shop", "Web shop", "网上商城", night, night, "landed", None, 0.5, 36, "fresh"),
            ("visits", "Visit sheets", "拜访表", old, old, "landed", None, 60.5, 36, "stale"),
            (
                "chat",
                "Service chat",
                "在线客服",
                night,
                night,
                "failed",
                "the file chats_20260618.jsonl is cut at line 811",
                0.5,
                36,
                "failed",
            ),
            ("marketplace", "Marketplace", "第三方平台", None, None, None, None, None, 36, "no_data"),
        ],
    )
    rows = [
        ("crm", "customers", 1240, 0, 18, 1222, 899, 323),
        ("crm", "opportunities", 4810, 12, 9, 4789, 4789, 0),
        ("shop", "orders", 48211, 63, 204, 47944, 47901, 43),
        ("shop", "order_lines", 96034, 120, 415, 95499, 95499, 0),
        ("visits", "visits", 6120, 0, 88, 6032, 6010, 22),
    ]
    _values(
        db,
        "trust_row_accounting",
        "source, entity, landed_count, excluded_count, quarantined_count, accepted_count, current_count, "
        "merged_count, superseded_count, reported_count, duplicate_count, deleted_count, waiting_count, "
        "unexplained_count",
        [(*row, row[-1], row[2], 0, 0, 0, 0) for row in rows],
    )
    _values(
        db,
        "trust_dirty_rate",
        "source, entity, judged_count, accepted_count, dirty_count, quarantined_count, repaired_count, "
        "duplicate_count, doubtful_count",
        [
            (source, entity, landed - excluded, accepted, 3 * quarantined, quarantined, 2 * quarantined, 0, 2)
            for source, entity, landed, excluded, quarantined, accepted, *_ in rows
        ],
    )
    _values(
        db,
        "trust_capture",
        "source, event_channel, month_start_date, event_count, captured_count, lost_count, waiting_count",
        [
            ("chat", "chat", business_date.replace(day=1), 100, 85, 15, 0),
            ("shop", "web", business_date.replace(day=1), 40, 34, 5, 1),
        ],
    )
    _values(
        db,
        "trust_deadlines",
        "source, date_day, owner, deadline_local_at, arrived_local_at, deadline_status, late_minutes",
        [
            ("chat", night.date(), "ops", night, night, "met", None),
            ("chat", old.date(), "ops", old, night, "missed", 12),
        ],
    )
    _values(
        db,
        "trust_repairs",
        "source, entity, column_name, repair_type, row_count",
        [
            ("shop", "orders", "region", "alias", 5210),
            ("crm", "contacts", "phone", "phone_form", 1204),
            ("visits", "visits", "occurred_at", "full_width", 96),
        ],
    )
    _values(
        db,
        "trust_schema_drift",
        "source, source_table, drift_type, column_name, found, first_seen_at, last_seen_at, file_count, refused_count",
        [
            ("visits", "visits", "renamed", "拜访目的", "目的", old, night, 3, 1),
            ("shop", "orders", "added", "coupon", "", night, night, 1, 0),
        ],
    )
    _values(
        db,
        "trust_refused_files",
        "source, source_table, origin, reason, first_refused_at, last_refused_at, version_count, refusal_status",
        [
            (
                "visits",
                "visits",
                "east/2026-06.xlsx",
                "no column 拜访日期; rename it back",
                old,
                night,
                1,
                "waiting",
            ),
            ("shop", "orders", "orders_06-20.csv", "not utf-8: 0xb1 at byte 12, line 2", old, old, 2, "gone"),
            ("shop", "orders", "orders_06-19.csv", "empty: 0 bytes", old, old, 1, "landed"),
        ],
    )
    _values(
        db,
        "trust_quarantine_reasons",
        "source, entity, rule, column_name, reason, reason_zh, row_count",
        [
            (
                "shop",
                "order_lines",
                "between",
                "quantity",
                "quantity is outside 1 to 10,000",
                "数量不在1至10,000之间",
                287,
            ),
            (
                "shop",
                "orders",
                "known_value",
                "status",
                "status is not one of placed, paid, shipped",
                "状态不在允许范围内",
                142,
            ),
            (
                "visits",
                "visits",
                "order_of_times",
                "ended_at",
                "ended_at is before started_at",
                "结束时间早于开始时间",
                61,
            ),
            ("shop", "orders", "not_null", "ordered_at", "ordered_at is empty", "下单时间为空", 62),
            (
                "crm",
                "customers",
                "check_character",
                "uscc",
                "the credit code's check character is wrong",
                "统一社会信用代码校验位错误",
                18,
            ),
        ],
    )
