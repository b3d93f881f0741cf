"""An explanation in sentences, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

from sales_warehouse.causes.explain import TERM, Cell, Explanation

MOST_CELLS = 3  # a person remembers three; the table has the others
ENOUGH = Fraction(9, 10)  # of the change: what comes after is not said
DIGITS = Context(prec=500)  # enough for any figure, and for its share of a change that is all but nothing


@dataclass(frozen=True)
class Names:
    """How a person calls the figure, its unit, and attributes and members where their columns say it otherwise.

    A ratio that is no share (`is_share` false) is said as a figure with its unit: money for each customer, days.
    """

    figure: str = ""
    unit: str = ""
    is_share: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[tuple[str, str], str] = field(default_factory=dict)


Words = dict[str, Any]

ENGLISH: Words = {
    "figure": "The figure",
    "rose": "{figure} rose by {change}, from {forecast} to {actual}.",
    "fell": "{figure} fell by {change}, from {forecast} to {actual}.",
    "still": "{figure} did not change: {actual}.",
    "none": "No single cell stands out: the change is spread over the whole.",
    "cause": "{cell}: {part}{share}, from {forecast} to {actual}.",
    "against": "Against it, {cell}: {part}, from {forecast} to {actual}.",
    "share": ", {share} % of the change",
    "median": "{cell} went from {forecast} to {actual}: {part}{share}.{shift}",
    "weight": " Its weight changed, hardly its durations: a shift of mix.",
    "own": {"ratio": "ratio", "median": "durations"},
    "owns": {"ratio": "ratios", "median": "durations"},
    "split": " ({rate} by its {own}, {mix} by its weight)",
    "without": "Without {these} the change would be {left}.",
    "rest": "The rest is {left}.",
    "paradox": "Simpson's paradox by {attribute}: the whole {went} although {which} {attribute} moved the other way "
    "({rate} from {own}, {mix} from weights).",
    "shift": "By {attribute} it is a shift of mix: {mix} from weights, {rate} from {own}.",
    "ways": {1: "", 0: "", -1: ""},
    "went": ("fell", "rose"),
    "which": ("nearly every", "every"),
    "one": "this cell",
    "many": "these {count} cells",
    "condition": "{attribute} {member}",
    "term": "{member}",
    "and": " and ",
    "point": " pp",
    "percent": " %",
    "nothing": "nothing",
    "no_median": "no median",
    "scaled": "What was before counts {rate} times, as if it had had the days of this period.",
    "limit": {
        1: "It is {gap} above the limit of {held}.",
        0: "It is at the limit of {held}.",
        -1: "It is {gap} below the limit of {held}.",
    },
    "expected": {
        1: "It is {gap} above the {held} that was expected.",
        0: "It is the {held} that was expected.",
        -1: "It is {gap} below the {held} that was expected.",
    },
}
CHINESE: Words = {
    "figure": "该指标",
    "rose": "{figure}上升 {change}，由 {forecast} 升至 {actual}。",
    "fell": "{figure}下降 {change}，由 {forecast} 降至 {actual}。",
    "still": "{figure}没有变化：{actual}。",
    "none": "没有突出的单元格：变化分散在整体之中。",
    "cause": "{cell}：{part}{share}，由 {forecast} 变为 {actual}。",
    "against": "反向变化的有{cell}：{part}，由 {forecast} 变为 {actual}。",
    "share": "，占变化的 {share}%",
    "median": "{cell}由 {forecast}{way} {actual}，贡献 {part}{share}。{shift}",
    "ways": {1: "升至", 0: "变为", -1: "降至"},
    "weight": "其占比变化而时长几乎未变，属结构变化。",
    "own": {"ratio": "比率", "median": "时长"},
    "owns": {"ratio": "比率", "median": "时长"},
    "split": "（{own}影响 {rate}，结构影响 {mix}）",
    "without": "若没有{these}，变化为 {left}。",
    "rest": "其余为 {left}。",
    "paradox": "辛普森悖论（按{attribute}）：整体{went}，而{which}{attribute}都反向变化"
    "（{own}影响 {rate}，结构影响 {mix}）。",
    "shift": "按{attribute}看是结构变化：结构影响 {mix}，{own}影响 {rate}。",
    "went": ("下降", "上升"),
    "which": ("几乎每个", "每个"),
    "one": "这一单元格",
    "many": "这 {count} 个单元格",
    "condition": "{attribute}「{member}」",
    "term": "{member}",
    "and": "且",
    "point": " 个百分点",
    "percent": "%",
    "nothing": "无",
    "no_median": "无中位数",
    "scaled": "基期按本期的工作日与休息日折算（{rate} 倍）。",
    "limit": {
        1: "高出预警线 {held} {gap}。",
        0: "恰在预警线 {held}。",
        -1: "低于预警线 {held} {gap}。",
    },
    "expected": {
        1: "高出预期 {held} {gap}。",
        0: "与预期 {held} 相同。",
        -1: "低于预期 {held} {gap}。",
    },
}


def sentences(found: Explanation, language: str, names: Names | None = None) -> list[str]:
    """What changed, the few cells that explain most, what went against them, and what is left without them."""
    said = Names() if names is None else names
    say = CHINESE if language == "zh" else ENGLISH
    lines = [_headline(found, say, said)]
    if not found.change:
        return lines
    mixed = _mixed(found, say, said)
    if not found.cells:
        return [*lines, *(mixed or [say["none"]])]
    along = [cell for cell in found.cells if cell.contribution * found.change > 0]
    told = _enough(found, along)
    against = [cell for cell in found.cells if cell.contribution * found.change < 0][:1]
    lines += [_cause(found, cell, say, said, "cause") for cell in told]
    lines += [_cause(found, cell, say, said, "against") for cell in against]
    return lines + _without(found, told, say, said) + mixed


def headline(found: Explanation, language: str, names: Names) -> str:
    """How much the figure moved."""
    return _headline(found, CHINESE if language == "zh" else ENGLISH, names)


def cell_sentence(found: Explanation, cell: Cell, language: str, names: Names) -> str:
    """What one cell contributed."""
    say = CHINESE if language == "zh" else ENGLISH
    key = "against" if cell.contribution * found.change < 0 else "cause"
    return _cause(found, cell, say, names, key)


def rest_sentences(found: Explanation, told: Sequence[Cell], language: str, names: Names) -> list[str]:
    """What is left without the cells that were told, and where mix or Simpson's paradox is behind the change."""
    say = CHINESE if language == "zh" else ENGLISH
    mixed = _mixed(found, say, names)
    if not found.change:
        return []
    return [*(_without(found, told, say, names) or ([] if mixed or told else [say["none"]])), *mixed]


def scale_sentence(rate: Fraction, language: str) -> str:
    """That the period before had other days, and how many times it counts for that."""
    return (CHINESE if language == "zh" else ENGLISH)["scaled"].format(rate=_rounded(rate, 2))


def gap_sentence(value: Fraction, held: Fraction, language: str, names: Names, *, is_limit: bool) -> str:
    """How far a figure is from the limit of its rule, or from what was expected of it."""
    say = CHINESE if language == "zh" else ENGLISH
    times, gap_unit, unit = (100, say["point"], say["percent"]) if names.is_share else (1, _unit(names), _unit(names))
    way = (value > held) - (value < held)
    return say["limit" if is_limit else "expected"][way].format(
        gap=f"{_rounded(times * abs(value - held), 2)}{gap_unit}", held=f"{_rounded(times * held, 2)}{unit}"
    )


def _without(found: Explanation, told: Sequence[Cell], say: Words, names: Names) -> list[str]:
    if not told:
        return []
    left = found.change - sum((cell.contribution for cell in told), Fraction())
    if found.kind in ("share", "quotient"):  # terms and single members: nothing is as it would have been without one
        shown = _part(found, left, say, names)
        return [say["rest"].format(left=shown)] if any(digit in shown for digit in "123456789") else []
    these = say["one"] if len(told) == 1 else say["many"].format(count=len(told))
    return [say["without"].format(these=these, left=_part(found, left, say, names))]


def _mixed(found: Explanation, say: Words, names: Names) -> list[str]:
    """Attributes along which the ratio changed by weights: against nearly all of its parts, or without them."""
    lines = []
    for attribute, split in found.splits.items():
        told = split.paradox
        if told is None and (split.mix * split.change <= 0 or abs(split.rate) > (1 - ENOUGH) * abs(split.change)):
            continue
        lines.append(
            say["paradox" if told else "shift"].format(
                attribute=names.attributes.get(attribute, attribute),
                went=say["went"][split.change > 0],
                which=say["which"][told is not None and told.every],
                own=say["owns"][found.kind],
                rate=_part(found, split.rate, say, names),
                mix=_part(found, split.mix, say, names),
            )
        )
    return lines


def _enough(found: Explanation, cells: list[Cell]) -> list[Cell]:
    told: list[Cell] = []
    reached = Fraction()
    for cell in cells[:MOST_CELLS]:
        if reached >= ENOUGH * abs(found.change):
            break
        told.append(cell)
        reached += abs(cell.contribution)
    return told


def _headline(found: Explanation, say: Words, names: Names) -> str:
    key = "still" if not found.change else "rose" if found.change > 0 else "fell"
    return say[key].format(
        figure=names.figure or say["figure"],
        change=_part(found, abs(found.change), say, names, signed=False),
        forecast=_level(found, found.forecast, say, names),
        actual=_level(found, found.actual, say, names),
    )


def _cause(found: Explanation, cell: Cell, say: Words, names: Names, key: str) -> str:
    share = found.share(cell.contribution)
    part = _part(found, cell.contribution, say, names)
    if found.has_mix:
        rate, mix = (_part(found, each, say, names) for each in (cell.rate, cell.mix))
        part += say["split"].format(rate=rate, mix=mix, own=say["own"][found.kind])
    is_shift = abs(cell.rate) <= (1 - ENOUGH) * abs(cell.contribution)
    moved = cell.actual - cell.forecast if cell.actual is not None and cell.forecast is not None else 0
    return say["median" if found.kind == "median" and key == "cause" else key].format(
        cell=_cell(cell, say, names),
        part=part,
        share=say["share"].format(share=_rounded(100 * share, 0)) if share is not None else "",
        forecast=_cell_level(found, cell.forecast, say, names),
        actual=_cell_level(found, cell.actual, say, names),
        way=say["ways"][(moved > 0) - (moved < 0)],
        shift=say["weight"] if is_shift else "",
    )


def _cell(cell: Cell, say: Words, names: Names) -> str:
    return say["and"].join(
        say["term" if attribute == TERM else "condition"].format(
            attribute=names.attributes.get(attribute, attribute), member=names.members.get((attribute, member), member)
        )
        for attribute, member in cell.members.items()
    )


def _part(found: Explanation, part: Fraction, say: Words, names: Names, *, signed: bool = True) -> str:
    sign = "+" if signed and part > 0 else ""
    if _is_share(found, names):
        return f"{sign}{_rounded(100 * part, 2)}{say['point']}"
    return f"{sign}{_rounded(part, 2)}{_unit(names)}"


def _level(found: Explanation, value: Fraction | None, say: Words, names: Names) -> str:
    if value is None:
        return say["no_median" if found.kind == "median" else "nothing"]
    if _is_share(found, names):
        return f"{_rounded(100 * value, 2)}{say['percent']}"
    return f"{_rounded(value, 2)}{_unit(names)}"


def _cell_level(found: Explanation, value: Fraction | None, say: Words, names: Names) -> str:
    """The figure of a cell, which of a quotient is a part of what stands above or below the line."""
    if found.kind == "quotient":
        return say["nothing"] if value is None else plain(value)
    return _level(found, value, say, names)


def _is_share(found: Explanation, names: Names) -> bool:
    return names.is_share and found.kind not in ("amount", "median")


def _unit(names: Names) -> str:
    return f" {names.unit}" if names.unit else ""


def plain(value: Fraction) -> str:
    """A figure without a unit, to two places where it has any."""
    return _rounded(value, 0 if value == int(value) else 2)


def _rounded(value: Fraction, places: int) -> str:
    """Half up, thousands apart, a true minus sign, no minus before nothing."""
    exact = DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
    shown = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, DIGITS)
    return f"{shown:,}".replace("-", "−") if shown else f"{abs(shown)}"
