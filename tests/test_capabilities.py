"""The list of capabilities names what there is: every test, switch, mart, command and file in it exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import typer

from sales_warehouse.cli import app
from sales_warehouse.company.situations import Situations
from sales_warehouse.settings import PROJECT

DOCUMENT = PROJECT / "docs" / "capabilities.md"
COLUMNS = ("", "what", "where", "shown by", "planted by", "found by")
NOT_BUILT = {"S38", "S39", "S52", "S53"}
# Where a row has a switch and says that nothing finds it; a test that does takes it off this list.
UNFOUND = {"S38", "S52", "S53", "S59"}
MODELS = {file.stem for file in (PROJECT / "dbt_project" / "models").rglob("*.sql")}
MARTS = {file.stem for file in (PROJECT / "dbt_project" / "models" / "marts").glob("*.sql")}


@dataclass(frozen=True)
class Capability:
    """A row of the list: its number, and what stands in code style in each of its cells."""

    number: str
    what: str
    where: list[str]
    shown: list[str]
    planted: list[str]
    found: list[str]


def rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def capabilities(text: str) -> list[Capability]:
    coded = re.compile(r"`([^`]+)`")
    return [
        Capability(cells[0], cells[1], *(coded.findall(cell) for cell in cells[2:]))
        for cells in rows(text)
        if re.fullmatch(r"S\d\d", cells[0])
    ]


LISTED = capabilities(DOCUMENT.read_text(encoding="utf-8"))


@cache
def functions(file: Path) -> frozenset[str]:
    """Return the tests that a file defines; nothing of it is run."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@cache
def unit_tests(model: str) -> frozenset[str]:
    (file,) = (PROJECT / "dbt_project" / "models").rglob(f"{model}.yml")
    _, _, given = file.read_text(encoding="utf-8").partition("unit_tests:")
    return frozenset(re.findall(r"^ +- name: (\w+)", given, re.MULTILINE))


def is_there(proof: str) -> bool:
    """Tell whether a test of pytest, a unit test of a model or a nightly test of dbt exists."""
    place, _, name = proof.partition("::")
    if place.endswith(".py"):
        file = PROJECT / "tests" / place
        return file.is_file() and name.startswith("test_") and name in functions(file)
    if name:
        return place in MODELS and name in unit_tests(place)
    return (PROJECT / "dbt_project" / "tests" / f"{place}.sql").is_file()


def commands() -> set[str]:
    group = typer.main.get_group(app)
    return {f"sales-warehouse {name}" for name in group.commands}


def exists(place: str) -> bool:
    """Tell whether a mart, a command, a file of configuration or a folder is there."""
    if place.startswith("sales-warehouse "):
        return place in commands()
    if place.endswith(".yml"):
        return (PROJECT / "config" / "demo" / place).is_file() or place in {"metrics.yml", "webhooks.yml"}
    return place in MARTS or (PROJECT / place).is_dir()


def test_every_table_has_the_same_columns() -> None:
    heads = [tuple(cells) for cells in rows(DOCUMENT.read_text(encoding="utf-8")) if not cells[0].strip("-")]
    assert set(heads) == {COLUMNS, ("---",) * len(COLUMNS)}


def test_every_capability_is_listed_once() -> None:
    assert sorted(each.number for each in LISTED) == [f"S{number:02}" for number in range(1, 67)]


def test_what_a_capability_names_exists() -> None:
    named = [(each.number, proof) for each in LISTED for proof in (*each.shown, *each.found) if not is_there(proof)]
    assert named == []
    assert [(each.number, place) for each in LISTED for place in each.where if not exists(place)] == []
    known = Situations.model_fields
    assert [(each.number, switch) for each in LISTED for switch in each.planted if switch not in known] == []


def test_what_shows_nothing_or_is_planted_and_not_found_is_known() -> None:
    assert {each.number for each in LISTED if not each.where} == NOT_BUILT
    assert {each.number for each in LISTED if not each.shown and not each.found} == NOT_BUILT | {"S59"}
    assert {each.number for each in LISTED if each.planted and not each.found} == UNFOUND
    assert {each.number for each in LISTED if each.found and not each.planted} == {"S20"}  # always in the demo


def test_every_switch_is_listed() -> None:
    assert {switch for each in LISTED for switch in each.planted} == set(Situations.model_fields)


def test_a_switch_is_listed_where_it_says_that_it_shows() -> None:
    listed = {(switch, each.number) for each in LISTED for switch in each.planted}
    all_on = Situations.model_validate(dict.fromkeys(Situations.model_fields))
    assert {(name, number) for name, switch in all_on.active() for number in switch.shows} == listed


@pytest.mark.parametrize(
    "proof",
    [
        "dbt/test_values.py::test_of_nothing",
        "dbt/test_valeus.py::test_every_row_is_accounted_for",
        "dbt/test_values.py",
        "kpi_funnel::nothing",
        "assert_nothing",
    ],
)
def test_a_test_that_is_not_there_is_missed(proof: str) -> None:
    assert not is_there(proof)
    assert not exists("kpi_nothing") and not exists("sales-warehouse nothing") and not exists("nothing.yml")
