"""What a demo.yml asks for and no world can show: said by the check, before anything is made."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterator
from functools import cache
from importlib import resources

from sales_warehouse.company.models import DemoFile
from sales_warehouse.company.situations import STAGES, Situation
from sales_warehouse.demo import chances
from sales_warehouse.demo.words import Words

# A parameter that is a word, and the list and column that has it.
LISTED = {
    "region": ("cities", "region"),
    "peer": ("cities", "region"),
    "product_line": ("products", "product_line"),
    "category": ("products", "category"),
    "price_band": ("products", "price_band"),
    "industry": ("industries", "industry"),
    "hit_trait": ("products", "traits"),
    "slow_trait": ("products", "traits"),
}
SIZES = ("大型", "中型", "小型")
EARLIEST = datetime.date(1990, 1, 1)
CUSTOMERS_PER_DEALER, FEWEST_DEALERS = 40, 6  # sql/dealers.sql


def impossible(settings: DemoFile) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where in demo.yml something is asked for that cannot be, and what can."""
    try:
        first = settings.business_date - datetime.timedelta(days=settings.days)
    except OverflowError:
        first = datetime.date.min
    if first < EARLIEST:
        yield ("days",), f"{settings.days} days before {settings.business_date} is before {EARLIEST:%Y}; ask for fewer"
        return
    words = Words(settings.language)
    for name, situation in settings.situations.active():
        for parameter, text in _out_of_place(settings, words, situation):
            yield ("situations", name, parameter), text
    try:
        chances.stage_losses(settings.situations, words)
    except chances.OutOfReach as error:
        yield ("situations",), f"{error}"


def _out_of_place(settings: DemoFile, words: Words, situation: Situation) -> Iterator[tuple[str, str]]:
    given = dict(situation)
    for parameter, value in given.items():
        known = [str(words.cell(word)) for word in _words_of(parameter)]
        if known and words.cell(value) not in known:
            yield parameter, f"{value!r} is none of the world's; it has {', '.join(known)}"
    most = _numbers(settings)
    for parameter in most.keys() & given.keys():
        if given[parameter] > most[parameter]:
            yield parameter, f"{given[parameter]} is more than the {most[parameter]} that this world has"
    planted = situation.variables(settings.business_date)
    start = settings.business_date - datetime.timedelta(days=settings.days - 1)
    begins = planted.get("first_date")
    if isinstance(begins, datetime.date) and begins <= start:
        parameter = next(
            (name for name in given if name.endswith("_before_end") or name == "quarter"), next(iter(given))
        )
        yield (
            parameter,
            f"it would begin on {begins}, and the history begins on {start}; ask for less, or for more days",
        )


def _words_of(parameter: str) -> tuple[str, ...]:
    if parameter == "stage":
        return STAGES
    if parameter == "size":
        return SIZES
    return _listed(*LISTED[parameter]) if parameter in LISTED else ()


def _numbers(settings: DemoFile) -> dict[str, int]:
    """The greatest number of each kind: products, sellers in the field (sql/reps.sql), dealers."""
    sellers = sum(
        min(9000, max(2, round(float(row["weight"]) * settings.customer_count / 300)))
        for row in _rows("teams")
        if row["team"] != "在线客服组"
    )
    dealers = max(FEWEST_DEALERS, round(settings.customer_count / CUSTOMERS_PER_DEALER))
    return {"product_no": len(_rows("products")), "rep_no": sellers, "dealer_no": dealers}


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = (resources.files(__package__) / "lists" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def _listed(name: str, column: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for row in _rows(name) for word in row[column].split("|")))
