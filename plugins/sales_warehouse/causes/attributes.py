"""The attributes in which causes are looked for, as people call them, and the names of their members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

Pair = tuple[str, str]  # English, Chinese


@dataclass(frozen=True)
class Attribute:
    """A dimension in which causes are looked for, and the mart that has the names of its members."""

    name_en: str
    name_zh: str
    names: str | None = None  # a query of member, English name, Chinese name


ATTRIBUTES = {
    "region": Attribute("region", "大区", "select region_key, region_name_en, region_name_zh from dim_regions"),
    "channel": Attribute("channel", "渠道", "select channel, channel_name_en, channel_name_zh from dim_channels"),
    "product_line": Attribute("product line", "产品线"),
    "category": Attribute("category", "品类"),
    "price_band": Attribute("price band", "价格带"),
    "stage": Attribute("stage", "阶段"),
    "source": Attribute("source", "来源"),
    "industry": Attribute("industry", "行业"),
    "team": Attribute("team", "团队"),
    "customer": Attribute("customer", "客户"),
    "dealer": Attribute("dealer", "经销商", "select dealer_key, dealer_name, dealer_name from dim_dealers"),
    "product": Attribute("product", "商品", "select product_key, product_name, product_name from dim_products"),
    # a goal of one seller names a person
    "target": Attribute(
        "goal",
        "目标",
        "select target_id, target_name_en, target_name_zh from kpi_targets where scope_dimension <> 'rep'",
    ),
    "rep": Attribute("seller", "销售", "select rep_key, rep_name, rep_name from dim_sales_reps"),
}
# Those that name a person: what is sent or shown to many leaves them out.
PERSONAL = frozenset({"rep"})


def member_names(db: duckdb.DuckDBPyConnection, attributes: Iterable[str]) -> dict[str, dict[str, Pair]]:
    """Return attribute → member → its names; a member without a name, or a mart that is not there, has none."""
    return {name: _names(db, ATTRIBUTES[name]) for name in attributes}


def attribute_names(at: int) -> Mapping[str, str]:
    """Return how people call the attributes: 0 for English, 1 for Chinese."""
    return {name: (each.name_en, each.name_zh)[at] for name, each in ATTRIBUTES.items()}


def _names(db: duckdb.DuckDBPyConnection, attribute: Attribute) -> dict[str, Pair]:
    if attribute.names is None:
        return {}
    return {member: (en or member, zh or member) for member, en, zh in db.execute(attribute.names).fetchall()}
