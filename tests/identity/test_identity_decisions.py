"""What people decide about customers is followed, stays, and can be taken back: then everything is what it was."""

from __future__ import annotations

import datetime
import os
import random
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from identity_records import CODE_A, CODE_B, accept, keys, run

from sales_warehouse import gate
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions
from sales_warehouse.identity.decisions import Decision, DecisionRefused

AT = datetime.datetime(2026, 7, 1, 9)


@dataclass
class Desk:
    """A home, its nights, and somebody who decides."""

    home: Home
    nights: int = 0
    said: int = 0
    made: list[Decision] = field(default_factory=list)

    def night(self, *rows: dict[str, object], source: str = "crm") -> None:
        self.nights += 1
        if rows:
            accept(self.home, "customers", f"{self.nights:03}", source, list(rows))
        run(self.home, self.nights)

    def codes(self) -> dict[str, str]:
        return {
            f"{source}:{record}": code for (source, record), code in keys(self.home, "customer", "customer_id").items()
        }

    def xref(self) -> list[tuple]:
        file = self.home.identity / "customer_xref.parquet"
        return duckdb.sql(f"select * exclude (changed_batch) from '{file}' order by all").fetchall()

    def log(self) -> list[tuple]:
        file = self.home.identity / "customer_log.parquet"
        return duckdb.sql(f"select source || ':' || customer_id, old_key, new_key, rule from '{file}'").fetchall()

    def merge(self, *customers: str) -> str:
        return self._keep(decisions.merge(self.home, list(customers), **self._saying()))

    def split(self, *records: str) -> str:
        return self._keep(decisions.split(self.home, list(records), **self._saying()))

    def undo(self, decision_id: str) -> str:
        return self._keep(decisions.undo(self.home, decision_id, **self._saying()))

    def _keep(self, decision: Decision) -> str:
        self.made.append(decision)
        return decision.decision_id

    def _saying(self) -> dict:
        self.said += 1
        return {"by": "Li Na", "why": "asked them", "at": AT + datetime.timedelta(minutes=self.said)}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    return Desk(home)


def record(number: int, code: str | None = None) -> dict[str, object]:
    return {"customer_id": str(number), "uscc": code, "created_at": datetime.datetime(2026, 1, 1 + number)}


def test_a_person_joins_two_companies_whatever_their_codes_say(desk: Desk) -> None:
    desk.night(record(1, CODE_A))
    desk.night(record(2, CODE_B), record(3, CODE_B))
    before, codes = desk.xref(), desk.codes()
    decision = desk.merge("crm:1", codes["crm:3"])
    desk.night()
    assert set(desk.codes().values()) == {codes["crm:1"]}  # the older one
    assert {row[3] for row in desk.xref()} == {"decision"}
    assert desk.log() == [(f"crm:{n}", codes["crm:2"], codes["crm:1"], "decision") for n in (2, 3)]
    desk.night(record(4, CODE_B))
    assert desk.codes()["crm:4"] == codes["crm:1"]
    desk.undo(decision)
    desk.night()
    assert [row for row in desk.xref() if row[1] != "4"] == before
    assert desk.codes() == codes | {"crm:4": codes["crm:2"]}


def test_the_larger_part_gets_its_own_code_back(desk: Desk) -> None:
    """The code that both had for a while belongs to the one that brought it, however many the others are."""
    desk.night(record(1))
    desk.night(*(record(number, CODE_A) for number in range(2, 9)))
    before = desk.xref()
    decision = desk.merge("crm:1", "crm:2")
    desk.night()
    assert len(set(desk.codes().values())) == 1
    desk.undo(decision)
    desk.night()
    assert desk.xref() == before


def test_a_record_that_is_split_off_stays_away_from_its_code(desk: Desk) -> None:
    desk.night(record(1, CODE_A), record(2, CODE_A), record(3, CODE_A))
    before, code = desk.xref(), desk.codes()["crm:1"]
    decision = desk.split("crm:1", "crm:2")
    for _ in range(2):
        desk.night()
        codes = desk.codes()
        assert codes["crm:3"] == code
        assert codes["crm:1"] == codes["crm:2"] != code
    assert {row[1]: row[3] for row in desk.xref()} == {"1": "decision", "2": "decision", "3": "credit_code"}
    desk.night(record(4, CODE_A))
    assert desk.codes()["crm:4"] == code
    desk.undo(decision)
    desk.night()
    assert [row for row in desk.xref() if row[1] != "4"] == before


def test_what_was_joined_by_a_code_can_be_split_and_joined_again(desk: Desk) -> None:
    desk.night(record(1, CODE_A))
    desk.night(record(2))
    apart = desk.codes()
    desk.night(record(2, CODE_A))
    together = desk.xref()
    decision = desk.split("crm:2")
    desk.night()
    assert desk.codes() == apart
    desk.undo(decision)
    desk.night()
    assert desk.xref() == together


def test_a_decision_that_makes_no_sense_is_refused_with_the_reason(desk: Desk) -> None:
    with pytest.raises(DecisionRefused, match="no customers yet"):
        desk.merge("crm:1", "crm:2")
    desk.night(record(1, CODE_A), record(2, CODE_A), record(3), record(4))
    for names, reason in (
        (("crm:1", "crm:9"), "no customer record crm:9; records are written <source>:<customer_id>"),
        (("crm:1", "crm:2"), "one customer already"),
        (("crm:1",), "one customer already"),
    ):
        with pytest.raises(DecisionRefused, match=reason):
            desk.merge(*names)
    for names, reason in (
        (("crm:1", "crm:2"), "all records of C"),
        (("crm:1", "crm:3"), "records of 2 customers"),
        (("'; drop table x; --",), "no customer record"),
    ):
        with pytest.raises(DecisionRefused, match=reason):
            desk.split(*names)
    with pytest.raises(DecisionRefused, match="there is no merge or split D1"):
        desk.undo("D1")
    with pytest.raises(DecisionRefused, match="say why"):
        decisions.merge(desk.home, ["crm:1", "crm:3"], by="Li Na", why=" ", at=AT)
    decision = desk.merge("crm:1", "crm:3")
    desk.night()
    with pytest.raises(DecisionRefused, match=f"{decision} together say the opposite"):
        desk.split("crm:3")
    desk.undo(decision)
    with pytest.raises(DecisionRefused, match="taken back before"):
        desk.undo(decision)
    assert len(decisions.history(desk.home)) == 2


def test_a_decision_that_certain_codes_contradict_is_told(desk: Desk) -> None:
    """2 is not the company of 1 and 3; who says afterwards that 2 is the one of 4 finds that 4 became that company."""
    desk.night(record(1, CODE_A), record(2, CODE_A), record(4))
    desk.split("crm:2")
    desk.night()
    desk.merge("crm:2", "crm:4")
    desk.night(record(4, CODE_A))
    assert desk.codes()["crm:2"] != desk.codes()["crm:1"]
    file = desk.home.identity / "customer_review.parquet"
    assert duckdb.sql(f"select left_record, right_record, why from '{file}'").fetchall() == [
        ("crm:2", "crm:1", "decisions")
    ]


@pytest.mark.parametrize("seed", range(int(os.environ.get("SALES_WAREHOUSE_TEST_SEEDS", "1"))))
def test_thirty_nights_of_changes_and_decisions_can_all_be_taken_back(tmp_path: Path, seed: int) -> None:
    """Every customer that nobody touched keeps its code, every other has its line, and undoing gives back the first."""
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    desk, drawn = Desk(home), random.Random(seed)
    letters = [f"code_{n // 2}" if n % 3 else None for n in range(20)]
    desk.night(*(record(number, code) for number, code in enumerate(letters)))
    first, made = desk.xref(), []
    for _ in range(30):
        before = desk.codes()
        try:
            touched = _decide(desk, drawn, before, made)
        except DecisionRefused:
            touched = set()
        desk.night()
        after = desk.codes()
        changed = {name for name in after if after[name] != before[name]}
        assert {before[name] for name in changed} <= touched
        told = {(name, old, new) for name, old, new, _ in desk.log()}
        assert {(name, before[name], after[name]) for name in changed} <= told
    assert made
    for decision in reversed(made):
        if decision in {item.decision_id for item in decisions.standing(decisions.history(home))}:
            desk.undo(decision)
            desk.night()
    assert desk.xref() == first


def _decide(desk: Desk, drawn: random.Random, codes: dict[str, str], made: list[str]) -> set[str]:
    """Draw a decision; return the codes of the customers that it touches."""
    one, other = drawn.sample(sorted(codes), 2)
    kind = drawn.choice(["merge", "merge", "split", "undo"])
    if kind == "merge":
        made.append(desk.merge(one, other))
        return {codes[one], codes[other]}
    if kind == "split":
        made.append(desk.split(one))
        return {codes[one]}
    stand = decisions.standing(decisions.history(desk.home))
    if not stand:
        return set()
    decision = drawn.choice(stand)
    desk.undo(decision.decision_id)
    return {codes[name] for name in (*decision.records, *decision.others)}
