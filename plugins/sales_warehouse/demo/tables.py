"""The tables that the systems hand over, and the mistakes that people make in each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["repairable", "bad"]


@dataclass(frozen=True)
class Mistake:
    """One way to spoil a column: `written` is the SQL of what is written instead of `{c}`, the true text."""

    kind: str
    severity: Severity
    column: str
    written: str


@dataclass(frozen=True)
class SourceTable:
    """One table of one system. `key` are its naming columns, `stamp` the column that shows the last change."""

    system: str
    name: str
    key: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()
    stamp: str | None = None
    stamp_format: str = "%Y-%m-%d %H:%M:%S"
    hidden: tuple[str, ...] = field(default=())  # columns beginning with `_` that the file writer needs
    encoding: str = "utf-8"

    @property
    def view(self) -> str:
        return f"rows_{self.name}"


def full_width(column: str) -> Mistake:
    return Mistake("full_width_digits", "repairable", column, "full_width({c})")


def stray_spaces(column: str) -> Mistake:
    return Mistake("stray_spaces", "repairable", column, "'  ' || {c} || ' '")


def country_prefix(column: str) -> Mistake:
    return Mistake("country_prefix", "repairable", column, "'+86 ' || {c}")


def dashed(column: str) -> Mistake:
    return Mistake(
        "dashed_phone", "repairable", column, "substr({c}, 1, 3) || '-' || substr({c}, 4, 4) || '-' || substr({c}, 8)"
    )


def spaced_code(column: str) -> Mistake:
    return Mistake("spaced_code", "repairable", column, "lower(substr({c}, 1, 8)) || ' ' || lower(substr({c}, 9))")


def negative(column: str) -> Mistake:
    return Mistake("negative_quantity", "bad", column, "'-' || {c}")


def unknown_status(column: str) -> Mistake:
    return Mistake("unknown_status", "bad", column, "'状态异常'")


def impossible_date(column: str) -> Mistake:
    return Mistake(
        "impossible_date", "bad", column, "substr({c}, 1, 5) || '02' || substr({c}, 8, 1) || '30' || substr({c}, 11)"
    )


def future_date(column: str) -> Mistake:
    return Mistake("future_date", "bad", column, "'2099' || substr({c}, 5)")


def missing_key(column: str) -> Mistake:
    return Mistake("missing_key", "bad", column, "''")


def wrong_check(column: str) -> Mistake:
    following = "substr(code_alphabet(), strpos(code_alphabet(), substr({c}, 18, 1)) % 31 + 1, 1)"
    return Mistake("wrong_check_character", "bad", column, f"substr({{c}}, 1, 17) || {following}")


CRM = (
    SourceTable("crm", "t_xsry", ("gh",)),
    SourceTable("crm", "t_cp", ("cpbh",)),
    SourceTable(
        "crm",
        "t_kh",
        ("khbh",),
        (
            full_width("jdsj"),
            stray_spaces("khmc"),
            spaced_code("xydm"),
            wrong_check("xydm"),
            impossible_date("jdsj"),
            missing_key("khbh"),
        ),
    ),
    SourceTable(
        "crm",
        "t_lxr",
        ("lxrbh",),
        (full_width("sjh"), country_prefix("sjh"), stray_spaces("xm"), missing_key("lxrbh"), impossible_date("jdsj")),
    ),
    SourceTable(
        "crm",
        "t_xs",
        ("xsbh",),
        (
            full_width("sjh"),
            country_prefix("sjh"),
            stray_spaces("zt"),
            unknown_status("zt"),
            impossible_date("cjsj"),
            missing_key("xsbh"),
            future_date("cjsj"),
        ),
    ),
    SourceTable(
        "crm",
        "t_sj",
        ("sjbh",),
        (full_width("yjje"), stray_spaces("zt"), unknown_status("zt"), impossible_date("cjsj"), missing_key("sjbh")),
    ),
    SourceTable(
        "crm",
        "t_sjjd",
        ("sjbh", "jrsj"),
        (full_width("jdxh"), stray_spaces("jdmc"), impossible_date("jrsj"), missing_key("sjbh")),
    ),
    SourceTable(
        "crm",
        "t_dd",
        ("ddbh",),
        (
            full_width("xdsj"),
            stray_spaces("zt"),
            unknown_status("zt"),
            impossible_date("xdsj"),
            future_date("xdsj"),
            missing_key("ddbh"),
        ),
    ),
    SourceTable(
        "crm",
        "t_ddmx",
        ("ddbh", "hh"),
        (full_width("sl"), stray_spaces("cpbh"), negative("sl"), missing_key("ddbh")),
    ),
    SourceTable("crm", "t_fp", ("fpbh",), (full_width("je"), impossible_date("dqrq"), missing_key("fpbh"))),
    SourceTable("crm", "t_hk", ("hkbh",), (full_width("je"), future_date("dzsj"), missing_key("hkbh"))),
    SourceTable("crm", "t_bj", ("bjbh", "bb"), (full_width("je"), missing_key("bjbh"), impossible_date("yxq"))),
    SourceTable("crm", "t_th", ("thbh",), (full_width("sl"), negative("sl"), impossible_date("thsj"))),
)

SHOP = (
    SourceTable("shop", "catalogue", ("sku",)),
    SourceTable(
        "shop",
        "members",
        ("member_no",),
        (
            full_width("mobile"),
            country_prefix("mobile"),
            dashed("mobile"),
            spaced_code("license_no"),
            wrong_check("license_no"),
            missing_key("member_no"),
        ),
        stamp="modified",
        stamp_format="%Y/%m/%d %H:%M:%S",
    ),
    SourceTable(
        "shop",
        "orders",
        ("order_no",),
        (
            full_width("created_time"),
            stray_spaces("state"),
            unknown_status("state"),
            impossible_date("created_time"),
            future_date("created_time"),
            missing_key("order_no"),
        ),
        stamp="modified_time",
        stamp_format="%Y/%m/%d %H:%M:%S",
    ),
    SourceTable(
        "shop",
        "order_lines",
        ("order_no", "seq"),
        (full_width("qty"), full_width("price"), stray_spaces("sku"), negative("qty"), missing_key("order_no")),
    ),
    SourceTable(
        "shop",
        "refunds",
        ("refund_no",),
        (full_width("qty"), stray_spaces("order_no"), negative("qty"), impossible_date("refund_time")),
    ),
)

CHATS = (
    SourceTable(
        "chats",
        "chats",
        ("chat_id",),
        (
            full_width("message_count"),
            stray_spaces("platform"),
            unknown_status("platform"),
            impossible_date("started_at"),
            missing_key("chat_id"),
        ),
        hidden=("_started_at", "_answered_at", "_message_count"),
    ),
)

VISITS = (
    SourceTable(
        "visits",
        "visits",
        ("拜访编号",),
        (
            full_width("拜访日期"),
            stray_spaces("客户编号"),
            impossible_date("拜访日期"),
            missing_key("拜访编号"),
            future_date("拜访日期"),
        ),
        hidden=("_team", "_form"),
    ),
)

PHONE = (
    SourceTable(
        "phone",
        "calls",
        ("通话编号",),
        (
            full_width("通话秒数"),
            stray_spaces("客户编号"),
            unknown_status("方向"),
            impossible_date("开始时间"),
            missing_key("通话编号"),
        ),
        encoding="gb18030",
    ),
)

WEB = (
    SourceTable(
        "web",
        "web_events",
        ("id",),
        (stray_spaces("type"), impossible_date("time"), future_date("time"), missing_key("id")),
    ),
)

DEALERS = (
    SourceTable("dealers", "dealers", ("dealer_id",)),
    SourceTable("dealers", "stores", ("store_id",)),
    SourceTable(
        "dealers",
        "dealer_orders",
        ("order_id", "line_no"),
        (full_width("quantity"), stray_spaces("product_id"), impossible_date("ordered_at"), missing_key("order_id")),
        hidden=("_group",),
    ),
    SourceTable(
        "dealers",
        "dealer_inventory",
        ("dealer_id", "product_id", "counted_on"),
        (full_width("quantity"), stray_spaces("product_id"), negative("quantity"), impossible_date("counted_on")),
        hidden=("_group",),
    ),
    SourceTable(
        "dealers",
        "store_sales",
        ("sale_no",),
        (full_width("quantity"), stray_spaces("store_id"), impossible_date("sold_on"), missing_key("sale_no")),
        hidden=("_group",),
    ),
)

SURVEYS = (
    SourceTable(
        "surveys",
        "order_surveys",
        ("问卷编号",),
        (full_width("评分"), negative("评分"), impossible_date("答复时间"), missing_key("问卷编号")),
    ),
    SourceTable(
        "surveys",
        "store_surveys",
        ("问卷编号",),
        (full_width("评分"), negative("评分"), impossible_date("答复时间"), missing_key("问卷编号")),
    ),
)

PLANNING = (
    SourceTable("planning", "market_events", ("event_id",)),
    SourceTable("planning", "targets", ("target_id",)),
    SourceTable("planning", "experiments", ("experiment_id",)),
    SourceTable("planning", "assignments", ("experiment_id", "unit"), (stray_spaces("variant"), missing_key("unit"))),
)

DATABASES = frozenset({"crm", "shop"})  # what is there is the latest state of a record
# Systems that hand over files: folder → tables. Conversations and web events are JSON Lines, the rest CSV.
FILES = {
    "chats": CHATS,
    "phone": PHONE,
    "web": WEB,
    "dealers": DEALERS,
    "surveys": SURVEYS,
    "planning": PLANNING,
}
JSON_LINES = frozenset({"chats", "web"})
EVERY = (*CRM, *SHOP, *(table for listed in FILES.values() for table in listed), *VISITS)
