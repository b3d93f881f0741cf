"""An event beside an alert in a sentence, in English and Chinese."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sales_warehouse.causes.footprint import Footprint

Pair = tuple[str, str]

ACTORS: Mapping[str, Pair] = {
    "own": ("Own", "我方"), "competitor": ("Competitor", "竞品"), "public": ("Public", "公共"),
}  # fmt: skip
EVENTS: Mapping[str, Pair] = {
    "price_change": ("price change", "调价"),
    "stock_out": ("stock-out", "缺货"),
    "staffing": ("fewer sellers", "人员减少"),
    "promotion": ("promotion", "促销"),
    "buy_one_get_one": ("buy one, get one free", "买一赠一"),
    "low_price_offer": ("low-price offer", "低价入场"),
    "holiday": ("holiday", "节假日"),
}
MEASURED: Mapping[str, Pair] = {
    "price_change": ("prices of order lines {change}", "订单行价格{change}"),
    "stock_out": ("dealers had none on {now} of the days, {before} before", "经销商缺货天数占比 {now}，此前 {before}"),
    "staffing": ("{now} full-time sellers, {before} before", "在岗销售折合 {now} 人，此前 {before} 人"),
}
SHARES = frozenset({"stock_out"})


@dataclass(frozen=True)
class Scored:
    """How far the footprint moved against the rest, in what, and how often something as large is seen."""

    excess: float | None
    unit: Pair
    in_hundredths: bool
    placebos: int
    extreme: int


@dataclass(frozen=True)
class Told:
    """What is said of an event: by whom, where, when, what was measured before and in the period, and its score."""

    event_type: str
    actor: str
    where: Footprint
    starts_on: datetime.date
    ends_on: datetime.date | None
    values: tuple[Decimal | None, Decimal | None]
    description: str | None
    scored: Scored


def event_texts(told: Told, regions: Mapping[str, Pair]) -> Pair:
    """Return who did what where and when, what was measured of it, and how it stands beside placebos."""
    return _english(told, regions), _chinese(told, regions)


def _english(told: Told, regions: Mapping[str, Pair]) -> str:
    actor, kind = ACTORS.get(told.actor, ("Somebody",))[0], EVENTS.get(told.event_type, (told.event_type,))[0]
    place = ", ".join(_places(told.where, regions, 0)) or "everywhere"
    text = f"{actor}: {kind}, {place}, from {told.starts_on} {f'to {told.ends_on}' if told.ends_on else 'on'}"
    text += f" ({told.description})" if told.description else ""
    text += f": {_measured(told, 0)}." if told.values[1] is not None else "."
    scored = told.scored
    if scored.excess is None:
        return text
    text += f" The figure there moved by {_excess(scored, 0)} against the rest; "
    if not scored.placebos:
        return f"{text}there is nothing like it to compare with."
    return f"{text}of {scored.placebos} like it elsewhere and earlier, {scored.extreme} moved as far."


def _chinese(told: Told, regions: Mapping[str, Pair]) -> str:
    actor = ACTORS.get(told.actor, ("", ""))[1]
    kind = EVENTS.get(told.event_type, (told.event_type, told.event_type))[1]
    place = "、".join(_places(told.where, regions, 1)) or "全部"
    text = f"{actor}{kind}：{place}，{told.starts_on} {f'至 {told.ends_on}' if told.ends_on else '起'}"
    text += f"（{told.description}）" if told.description else ""
    text += f"，{_measured(told, 1)}。" if told.values[1] is not None else "。"
    scored = told.scored
    if scored.excess is None:
        return text
    text += f"该范围相对其余变动 {_excess(scored, 1)}；"
    if not scored.placebos:
        return f"{text}没有可比范围。"
    return f"{text}{scored.placebos} 个可比范围与往期中有 {scored.extreme} 个变动同样大。"


def _places(where: Footprint, regions: Mapping[str, Pair], at: int) -> list[str]:
    region = regions.get(where.region or "", (where.region or "",) * 2)[at]
    return [name for name in (region, where.product_line, where.category) if name]


def _measured(told: Told, at: int) -> str:
    before, now = told.values
    assert before is not None and now is not None
    unit = (" %", "%")[at]
    change = 100 * (now / before - 1) if before else Decimal(0)
    words = (("rose by ", "fell by "), ("上涨 ", "下降 "))[at][change < 0]
    is_share = told.event_type in SHARES
    shown = [f"{_rounded(100 * each)}{unit}" if is_share else _rounded(each) for each in (before, now)]
    said = MEASURED.get(told.event_type, ("{before} → {now}",) * 2)[at]
    return said.format(change=f"{words}{_rounded(abs(change))}{unit}", before=shown[0], now=shown[1])


def _excess(scored: Scored, at: int) -> str:
    assert scored.excess is not None
    value = Decimal(repr(100 * scored.excess if scored.in_hundredths else scored.excess))
    shown = _rounded(value) if scored.in_hundredths else f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP) + 0:,}"
    sign = "+" if value > 0 else ""
    return f"{sign}{shown}{scored.unit[at]}".replace("-", "−")


def _rounded(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.1"), ROUND_HALF_UP) + 0)
