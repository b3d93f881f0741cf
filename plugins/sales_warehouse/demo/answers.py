"""What a situation's answer is in a world, worked out from the true rows and from nothing that planted it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

from sales_warehouse.company.situations import Situation
from sales_warehouse.demo.generator import Generator
from sales_warehouse.sql import literal, only_row

# A share of dirty rows and the hour of a file are seen where they are handed over, not in the true rows.
NOT_IN_ROWS = frozenset({"dirty_rows", "late_files"})


def answers(world: Generator) -> dict[str, Any]:
    """Return what is planted in a world, as JSON: the parameters, the answer by design, and the one measured here."""
    return {
        name: {
            "shows": list(situation.shows),
            "parameters": _parameters(world, situation),
            "answer": {key: world.words.cell(value) for key, value in situation.answer().items()},
            "measured": _measured(world, name, situation),
        }
        for name, situation in world.settings.situations.active()
    }


def _parameters(world: Generator, situation: Situation) -> dict[str, object]:
    given = situation.variables(world.settings.business_date)
    return {key: _plain(world.words.cell(value)) for key, value in given.items()}


def _measured(world: Generator, name: str, situation: Situation) -> dict[str, object] | None:
    if name in NOT_IN_ROWS:
        return None
    return {key: _plain(value) for key, value in measure(world, name, situation).items()}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return str(value) if isinstance(value, datetime.date) else value


def measure(world: Generator, name: str, situation: Situation) -> Mapping[str, float | str]:
    """Return the measured answer of a situation, also in a world in which it is off; call after `unfold`."""
    for parameter, value in situation.variables(world.settings.business_date).items():
        world.connection.execute(f"set variable m_{parameter} = {literal(world.words.cell(value))}")
    query = (resources.files(__package__) / "measures" / f"{name}.sql").read_text(encoding="utf-8")
    row = only_row(world.connection, query)
    names = [item[0] for item in world.connection.description or ()]
    return {key: _number(value) for key, value in zip(names, row, strict=True)}


def _number(value: object) -> float | str:
    """A measure has nothing to say where a small world has no such rows: then it is not a number."""
    return value if isinstance(value, str) else math.nan if value is None else float(str(value))
