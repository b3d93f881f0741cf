"""What people decide about customers and contacts is followed, stays, and can be taken back: all is what it was."""

from __future__ import annotations

import contextlib
import datetime
import io
import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from identity_records import CODE_A, CODE_B, accept, keys, run, since
from rich.console import Console
from typer.testing import CliRunner

from sales_warehouse import cli, failpoint, gate, identity
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions, listing
from sales_warehouse.identity.decisions import Decision, DecisionRefused
from sales_warehouse.identity.records import CONTACTS, CUSTOMERS, Entity

AT = datetime.datetime(2026, 7, 1, 9)
MOBILE = "+8613800138000"


@dataclass
class Desk:
    """A home, its nights, and somebody who decides."""

    home: Home
    entity: Entity = CUSTOMERS
    nights: int = 0
    said: int = 0
    made: list[Decision] = field(default_factory=list)

    def night(self, *rows: dict[str, object], source: str = "crm") -> None:
        self.nights += 1
        if rows:
            accept(self.home, self.entity.name, f"{self.nights:03}", source, list(rows))
        run(self.home, self.nights)

    def codes(self) -> dict[str, str]:
        return {
            f"{source}:{record}": code
            for (source, record), code in keys(self.home, self.entity.one, self.entity.id).items()
        }

    def xref(self) -> list[tuple]:
        file = self.home.identity / f"{self.entity.xref}.parquet"
        return duckdb.sql(f"select * from '{file}' order by all").fetchall()

    def since(self) -> dict[str, int]:
        """Return of each record, by its id, the night since which it has its code."""
        return since(self.home, self.entity.one, self.entity.id)

    def files(self) -> dict[str, bytes]:
        """Return the files of who is who; those of what happened meanwhile are others every night."""
        names = (self.entity.xref, f"{self.entity.one}_left", f"{self.entity.one}_review")
        return {name: (self.home.identity / f"{name}.parquet").read_bytes() for name in names}

    def rekeyed(self) -> list[str]:
        """Return the records whose code is new in the last night, by id."""
        file = self.home.identity / f"{self.entity.rekeyed}.parquet"
        told = f"select {self.entity.id} from '{file}' where batch = {self.nights} order by all"
        return [record for (record,) in duckdb.sql(told).fetchall()]

    def bases(self) -> list[tuple]:
        """Return of each record the code that it has without decisions, and since when."""
        file = self.home.identity / f"{self.entity.xref}.parquet"
        told = f"select source || ':' || {self.entity.id}, base_key, base_since from '{file}' order by all"
        return duckdb.sql(told).fetchall()

    def log(self, batch: int | None = None) -> list[tuple]:
        file = self.home.identity / f"{self.entity.one}_log.parquet"
        of_night = f"where batch = {batch}" if batch else ""
        told = f"select source || ':' || {self.entity.id}, old_key, new_key, rule from '{file}' {of_night}"
        return duckdb.sql(told).fetchall()

    def merge(self, *customers: str) -> str:
        return self._keep(decisions.merge(self.home, list(customers), **self._saying()))

    def split(self, *records: str) -> str:
        return self._keep(decisions.split(self.home, list(records), **self._saying()))

    def keep_apart(self, *customers: str) -> str:
        return self._keep(decisions.keep_apart(self.home, list(customers), **self._saying()))

    def undo(self, decision_id: str) -> str:
        return self._keep(decisions.undo(self.home, decision_id, **self._saying()))

    def _keep(self, decision: Decision) -> str:
        self.made.append(decision)
        return decision.decision_id

    def _saying(self) -> dict:
        self.said += 1
        at = AT + datetime.timedelta(minutes=self.said)
        return {"by": "Li Na", "why": "asked them", "at": at, "entity": self.entity}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    return Desk(home)


@pytest.fixture
def people(desk: Desk) -> Desk:
    return Desk(desk.home, CONTACTS)


def person(contact_id: str, name: str | None = None, **cells: object) -> dict[str, object]:
    return {"contact_id": contact_id, "name": name, **cells}


def together(desk: Desk) -> list[set[str]]:
    """Return who is one, by id."""
    groups: dict[str, set[str]] = {}
    for name, code in desk.codes().items():
        groups.setdefault(code, set()).add(name.removeprefix("crm:"))
    return sorted(groups.values(), key=min)


def record(number: int, code: str | None = None) -> dict[str, object]:
    created_at = datetime.datetime(2026, 1, 1) + datetime.timedelta(number)
    return {"customer_id": str(number), "uscc": code, "created_at": created_at}


def test_a_person_joins_two_companies_whatever_their_codes_say(desk: Desk) -> None:
    desk.night(record(1, CODE_A))
    desk.night(record(2, CODE_B), record(3, CODE_B))
    before, codes = desk.xref(), desk.codes()
    decision = desk.merge("crm:1", codes["crm:3"])
    desk.night()
    assert set(desk.codes().values()) == {codes["crm:1"]}  # the older one
    assert {row[3] for row in desk.xref()} == {"decision"}
    assert desk.since() == {"1": 1, "2": 3, "3": 3}
    assert desk.log() == [(f"crm:{n}", codes["crm:2"], codes["crm:1"], "decision") for n in (2, 3)]
    desk.night(record(4, CODE_B))
    assert desk.codes()["crm:4"] == codes["crm:1"]
    desk.undo(decision)
    desk.night()
    assert desk.since() == {"1": 1, "2": 2, "3": 2, "4": 5}
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


@pytest.mark.parametrize("about", ["customers", "contacts"])
def test_undoing_a_merge_or_a_split_gives_the_same_bytes(desk: Desk, people: Desk, about: str) -> None:
    """What stands on the codes is told of each change all the same."""
    if about == "customers":
        who, rows = desk, [record(1, CODE_A), record(2, CODE_A), record(3, CODE_B), record(4)]
    else:
        who = people
        rows = [person(name, "王伟", email=mail) for name, mail in (("1", "w@a.cn"), ("2", "w@a.cn"), ("3", "x@a.cn"))]
    who.night(*rows[:2])
    who.night(*rows[2:])
    before = who.files()
    for decide, named, moved in ((who.merge, ("crm:1", "crm:3"), ["3"]), (who.split, ("crm:2",), ["2"])):
        decision = decide(*named)
        who.night()
        decided = who.files()
        assert (decided[who.entity.xref] != before[who.entity.xref], who.rekeyed()) == (True, moved)
        who.undo(decision)
        who.night()
        assert (who.files(), who.rekeyed()) == (before, moved)
        who.night()
        assert (who.files(), who.rekeyed()) == (before, [])
    assert len(who.log()) == 4


class Killed(Exception):
    """Ends a night."""


@pytest.mark.parametrize(
    "file", [None, "customer_log", "customer_xref"], ids=["no file is in its place", "log", "xref"]
)
def test_a_night_that_is_killed_among_its_files_tells_each_change_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, file: str | None
) -> None:
    """Also when the decision is taken back before the next night, and taken again in a later one."""

    def end(name: str) -> None:
        finished = {path.stem for path in (desk.home.identity / identity.FINISHED).glob("*")}
        if name == ("identify.after_file" if file else "identify.after_commit") and file not in finished:
            raise Killed

    desk.night(record(1))
    desk.night(record(2))
    codes = desk.codes()
    decision = desk.merge("crm:1", "crm:2")
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(failpoint, "reach", end)
        run(desk.home, 3)
    desk.undo(decision)
    run(desk.home, 3)
    assert desk.codes() == codes
    desk.merge("crm:1", "crm:2")
    for _ in range(2):
        run(desk.home, 4)
    one, two = codes["crm:1"], codes["crm:2"]
    assert sorted(line[1:3] for line in desk.log(3)) == sorted([(two, one), (one, two)])
    assert [line[1:3] for line in desk.log(4)] == [(two, one)]


def test_every_change_of_one_batch_has_its_line(desk: Desk) -> None:
    """A batch lasts until the marts are made: while that fails, somebody may change his mind twice."""
    desk.night(record(1))
    desk.night(record(2))
    codes = desk.codes()
    first = desk.merge("crm:1", "crm:2")
    run(desk.home, 3)
    desk.undo(first)
    run(desk.home, 3)
    desk.merge("crm:1", "crm:2")
    for _ in range(2):
        run(desk.home, 3)
    joined = ("crm:2", codes["crm:2"], codes["crm:1"], "decision")
    assert sorted(desk.log(3)) == sorted([joined, ("crm:2", codes["crm:1"], codes["crm:2"], "own_record"), joined])


def test_a_decision_that_makes_no_sense_is_refused_with_the_reason(desk: Desk) -> None:
    with pytest.raises(DecisionRefused, match="no customers yet"):
        desk.merge("crm:1", "crm:2")
    desk.night(record(1, CODE_A), record(2, CODE_A), record(3), record(4))
    for names, reason, zh in (
        (
            ("crm:1", "crm:9"),
            "no customer record crm:9; records are written <source>:<customer_id>",
            "没有客户记录 crm:9",
        ),
        (("crm:1", "crm:2"), "one customer already", "crm:1、crm:2：已经是同一客户"),
        (("crm:1",), "one customer already", "crm:1：已经是同一客户"),
    ):
        with pytest.raises(DecisionRefused, match=reason) as refused:
            desk.merge(*names)
        assert zh in refused.value.text("zh") and reason in refused.value.text("en")
    for names, reason, zh in (
        (("crm:1", "crm:2"), "all records of C", "全部记录"),
        (("crm:1", "crm:3"), "records of 2 customers", "分属 2 个客户"),
        (("'; drop table x; --",), "no customer record", "没有客户记录"),
    ):
        with pytest.raises(DecisionRefused, match=reason) as refused:
            desk.split(*names)
        assert zh in refused.value.text("zh")
    with pytest.raises(DecisionRefused, match="there is no merge or split D1"):
        desk.undo("D1")
    for by, why, reason in (("Li Na", " ", "say why"), ("", "asked them", "say who"), (" \t", "asked them", "say who")):
        with pytest.raises(DecisionRefused, match=reason):
            decisions.merge(desk.home, ["crm:1", "crm:3"], by=by, why=why, at=AT)
    decision = desk.merge("crm:1", "crm:3")
    desk.night()
    for by in ("", " "):
        with pytest.raises(DecisionRefused, match="say who decides"):
            decisions.undo(desk.home, decision, by=by, why="mixed up", at=AT)
    with pytest.raises(DecisionRefused, match=f"{decision} together say the opposite"):
        desk.split("crm:3")
    desk.undo(decision)
    with pytest.raises(DecisionRefused, match="taken back before"):
        desk.undo(decision)
    assert len(decisions.history(desk.home)) == 2


def test_two_that_are_kept_apart_stay_so_when_one_of_their_records_leaves(desk: Desk) -> None:
    """All that either was are not the other: the code that a stranger gets later joins nobody that he is kept from."""
    desk.night(*(record(number, CODE_A) for number in (1, 2, 3)), record(9))
    codes = desk.codes()
    decision = desk.keep_apart(codes["crm:1"], codes["crm:9"])
    desk.night()
    assert desk.codes() == codes
    desk.night(record(1, CODE_B), record(9, CODE_A))
    after = desk.codes()
    assert {name: after[name] for name in codes if name != "crm:1"}.items() <= codes.items()
    desk.night()
    assert desk.codes() == after
    desk.undo(decision)
    desk.night()
    assert desk.codes()["crm:9"] == codes["crm:2"]


def test_who_was_merged_stays_one_without_a_record_that_is_gone(desk: Desk) -> None:
    desk.night(record(1))
    desk.night(record(2), record(3))
    desk.merge("crm:1", "crm:2", "crm:3")
    desk.night()
    before = desk.codes()
    assert len(set(before.values())) == 1
    shutil.rmtree(desk.home.accepted / "customers" / "_load_id=001")
    desk.night()
    assert together(desk) == [{"2", "3"}]


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


def test_only_who_is_where_a_person_put_him_is_there_by_a_decision(desk: Desk, people: Desk) -> None:
    """Kept apart from a stranger, or merged in vain, a record is where it is by its code, or by its address."""

    def rules(of: Desk) -> dict[str, str]:
        return {row[1]: row[3] for row in of.xref()}

    by_code = dict.fromkeys("123", "credit_code")
    desk.night(*(record(number, CODE_A) for number in (1, 2, 3)), record(4), record(9))
    desk.keep_apart("crm:1", "crm:9")
    desk.night()
    assert rules(desk) == by_code | dict.fromkeys("49", "own_record")
    desk.split("crm:2")
    desk.night()
    desk.merge("crm:2", "crm:4")
    desk.night()
    assert rules(desk) == by_code | {"2": "decision", "4": "decision", "9": "own_record"}
    desk.night(record(4, CODE_A))
    assert rules(desk) == by_code | {"2": "decision", "4": "credit_code", "9": "own_record"}
    people.nights = desk.nights
    people.night(*(person(name, "王伟", email="w@a.cn") for name in "ab"), person("c", "王伟"))
    people.keep_apart("crm:a", "crm:c")
    people.night()
    assert rules(people) == {"a": "email", "b": "email", "c": "own_record"}


def test_a_person_joins_two_people_whatever_their_names_say(people: Desk) -> None:
    """Whoever shares the telephone and the name of either is the same person from now on."""
    people.night(person("a", "王伟", phone=MOBILE))
    people.night(person("b", "Wang Wei", email="w@a.cn"), person("c", "李娜", email="n@a.cn"))
    before, codes = people.xref(), people.codes()
    decision = people.merge("crm:a", codes["crm:b"])
    people.night(person("d", "Wang Wei", email="w@a.cn"), person("e", "王伟", phone=MOBILE))
    assert together(people) == [{"a", "b", "d", "e"}, {"c"}]
    assert people.codes()["crm:b"] == codes["crm:a"]  # the older one
    assert {row[1]: row[3] for row in people.xref()} == {
        "a": "decision", "b": "decision", "c": "own_record", "d": "email", "e": "phone"
    }  # fmt: skip
    assert people.log() == [("crm:b", codes["crm:b"], codes["crm:a"], "decision")]
    assert people.since() == {"a": 1, "b": 3, "c": 2, "d": 3, "e": 3}
    people.undo(decision)
    people.night()
    assert together(people) == [{"a", "e"}, {"b", "d"}, {"c"}]
    assert people.codes().items() >= codes.items()
    assert [row[:3] for row in people.xref() if row[1] in "abc"] == [row[:3] for row in before]


def test_who_is_split_off_stays_away_from_the_telephone_of_the_others(people: Desk) -> None:
    people.night(*(person(name, "王伟", phone=MOBILE, email="w@a.cn") for name in "abcd"))
    before, code = people.xref(), people.codes()["crm:a"]
    decision = people.split("crm:a", "crm:b")
    people.night()
    assert together(people) == [{"a", "b"}, {"c", "d"}]
    assert people.codes()["crm:c"] == code
    people.night(person("e", "王伟", phone=MOBILE))
    assert together(people) == [{"a", "b"}, {"c", "d", "e"}]
    people.night(person("f", "王伟", wechat_id="ww"), person("a", "王伟", wechat_id="ww", phone=MOBILE))
    assert together(people) == [{"a", "b", "f"}, {"c", "d", "e"}]
    people.undo(decision)
    people.night(person("a", "王伟", phone=MOBILE, email="w@a.cn"))
    assert [row for row in people.xref() if row[1] in "abcd"] == before


def test_decisions_about_contacts_and_customers_do_not_meet(desk: Desk, people: Desk) -> None:
    """Records of both may have one name; each has its own list, and a contradiction is one among its own."""
    desk.night(record(1), record(2))
    people.nights = desk.nights
    people.night(person("1", "王伟"), person("2", "李娜"))
    codes = people.codes()
    about_customers, about_people = desk.merge("crm:1", "crm:2"), people.merge("crm:1", "crm:2")
    assert about_customers != about_people
    people.night()
    for who, other in ((desk, about_people), (people, about_customers)):
        assert len(set(who.codes().values())) == 1
        with pytest.raises(DecisionRefused, match=f"no merge or split {other} of {who.entity.name}; `sales-warehouse"):
            who.undo(other)
    with pytest.raises(DecisionRefused, match=f"{about_people} together say the opposite"):
        people.split("crm:1")
    with pytest.raises(DecisionRefused, match="no contact record crm:9; records are written <source>:<contact_id>"):
        people.merge("crm:1", "crm:9")
    desk.undo(about_customers)
    people.night()
    assert len(set(desk.codes().values())) == 2 and len(set(people.codes().values())) == 1
    people.undo(about_people)
    people.night()
    assert people.codes() == codes
    told = duckdb.sql(f"select distinct entity, decision_id from '{people.home.identity / 'decisions.parquet'}'")
    assert set(told.fetchall()) == {("customer", about_customers), ("contact", about_people)}


def test_commands_about_contacts_write_to_their_list(desk: Desk, people: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    people.night(person("1", "王伟"), person("2", "Wang Wei"))
    monkeypatch.setattr(cli, "_load", lambda folder: SimpleNamespace(company_id="test"))
    monkeypatch.setattr(cli.Home, "of", lambda company_id: desk.home)

    def say(*words: str) -> str:
        return CliRunner(env={"USER": "anna"}).invoke(cli.app, list(words)).output

    assert say("contacts", "merge", "crm:1", "crm:2", "--why", "met them", "--by", " ").startswith("say who decides")
    decision = say("contacts", "merge", "crm:1", "crm:2", "--why", "met them", "--by", "Li Na")[:11]
    assert say("contacts", "split", "crm:1", "--why", "met them").startswith("these are all records of P")
    assert "1 decisions, 1 stand" in say("contacts", "decisions")
    assert "0 decisions" in say("customers", "decisions")
    assert "no merge or split" in say("customers", "undo", decision, "--why", "mixed up")
    assert "kept" in say("contacts", "undo", decision, "--why", "mixed up")
    assert "2 decisions, 0 stand" in say("contacts", "decisions")


def test_the_list_of_people_that_wait_says_whose_record_shares_what(
    desk: Desk, people: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has no name, at other customers than the one with the telephone; of whom somebody said it, waits no more."""
    monkeypatch.setattr(cli, "_load", lambda folder: SimpleNamespace(company_id="test"))
    monkeypatch.setattr(cli.Home, "of", lambda company_id: desk.home)

    def listed(*words: str) -> list[str]:
        shown = CliRunner().invoke(cli.app, ["contacts", "review", *words])
        assert shown.exit_code == 0, shown.output
        return [" ".join(line.split()) for line in shown.output.splitlines()]

    def told(total: int, shown: int) -> str:
        decide = "decide with `sales-warehouse contacts merge` or `apart`"
        return f"{total} pairs wait, {shown} are shown: one of each has no name; {decide}"

    assert listed() == ["nothing was identified yet: `sales-warehouse run` first"]
    desk.night(record(1), record(2), record(3))
    people.nights = desk.nights
    wei = person("a", "王伟", phone=MOBILE, email="w@a.cn", customer_id="crm:1")
    people.night(wei, person("b", phone=MOBILE, customer_id="crm:2"), person("c", email="w@a.cn", customer_id="crm:3"))
    head = "record customer other record customer both have"
    by_phone = "crm:a crm:1 crm:b crm:2 the same mobile number"
    by_mail = "crm:a crm:1 crm:c crm:3 the same e-mail"
    assert listed() == [head, by_phone, by_mail, told(2, 2)]
    assert listed("--limit", "1") == [head, by_phone, told(2, 1)]
    people.keep_apart("crm:a", "crm:b")
    people.night()
    assert listed() == [head, by_mail, told(1, 1)]
    people.merge("crm:a", "crm:c")
    people.night()
    assert listed() == [told(0, 0)]


def test_what_stands_in_square_brackets_is_shown_as_it_is(desk: Desk) -> None:
    """In the name of a customer, and in why somebody decided."""
    said = {"by": "Li [Na]", "why": "ticket [sales] [/12]", "at": AT}
    desk.night(*(record(n, CODE_A) | {"name": f"Acme [china] [/{n}]"} for n in (1, 2, 3)), record(4))
    decisions.split(desk.home, ["crm:3"], **said)
    decisions.merge(desk.home, ["crm:3", "crm:4"], **said)
    desk.night(record(4, CODE_A) | {"name": "Acme [china] [/4]"})
    shown = Console(file=io.StringIO(), width=200)
    listing.show_decisions(desk.home, "customer", shown)
    listing.show_review(desk.home, 10, shown)
    text = shown.file.getvalue()
    for part in ("Li [Na]", "ticket [sales] [/12]", "Acme [china] [/3]"):
        assert part in text


def test_a_decision_from_before_there_were_others_keeps_its_number(desk: Desk) -> None:
    """Files of decisions do not say whom they are about when that is customers; undoing names them by their content."""
    decision = Decision("merge", "Li Na", "asked them", "2026-07-01T09:00:00", ("crm:1", "crm:2"))
    assert decision.decision_id == "DA05FF715AD"
    assert "entity" not in decision.as_json()


def test_who_is_left_alone_keeps_the_code_when_another_of_a_split_pair_leaves(people: Desk) -> None:
    people.night(person("a", "王伟", email="w@a.cn"), person("b", "王伟", email="w@a.cn"))
    people.split("crm:a")
    people.night()
    before = people.codes()
    people.night(person("b", "王伟", email="x@a.cn"))
    assert people.codes()["crm:a"] == before["crm:a"] != before["crm:b"]


def test_who_is_left_alone_keeps_the_code_when_the_split_off_one_grows(people: Desk) -> None:
    phone = "+8613800138001"
    people.night(person("a", "王伟", email="w@a.cn", phone=phone), person("b", "王伟", email="w@a.cn"))
    people.split("crm:a")
    people.night()
    before = people.codes()
    people.night(person("c", "王伟", email="q@a.cn", phone=phone))
    after = people.codes()
    assert {name: after[name] for name in before} == before
    assert after["crm:c"] == before["crm:a"]


def test_who_is_left_alone_keeps_the_code_when_the_one_beside_the_bridge_leaves(people: Desk) -> None:
    """A joins B by mail and C by telephone; without A they are two."""
    phone = "+8613800138001"
    people.night(
        person("a", "王伟", email="w@a.cn", phone=phone), person("b", "王伟", email="w@a.cn"),
        person("c", "王伟", email="q@a.cn", phone=phone),
    )  # fmt: skip
    people.split("crm:a")
    people.night()
    before = people.codes()
    assert len(set(before.values())) == 3
    people.night(person("b", "王伟", email="x@a.cn"))
    assert people.codes()["crm:c"] == before["crm:c"]


def test_another_key_changes_no_code_of_who_was_parted(people: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a pair, and who is left alone without the one that joined him to the others."""
    phone = "+8613800138001"
    monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "the first key, long enough")
    people.night(
        person("a", "王伟", email="w@a.cn", phone=phone), person("b", "王伟", email="w@a.cn"),
        person("c", "王伟", email="q@a.cn", phone=phone), person("d", "李娜", email="l@a.cn"),
        person("e", "李娜", email="l@a.cn"),
    )  # fmt: skip
    base = people.codes()
    made = [people.split("crm:a"), people.split("crm:d")]
    people.night()
    before = people.codes()
    assert len(set(before.values())) == 5
    for number in range(3):
        monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", f"another key, long enough {number}")
        people.night()
        assert (people.codes(), len(people.log())) == (before, 3)
        people.night()
        assert people.codes() == before
    for decision in made:
        people.undo(decision)
    people.night()
    assert people.codes() == base


def test_who_comes_back_gets_no_code_that_another_has_by_now(people: Desk) -> None:
    """Split off together, one of them goes and comes back: two that are parted never have one code."""
    mail = {"email": "w@a.cn"}
    people.night(person("0", "王伟", email="x@a.cn"))
    people.night(*(person(name, "王伟", **mail) for name in "abc"))
    people.split("crm:a", "crm:b")
    people.night()
    people.night(person("a", "王伟", email="x@a.cn"))
    assert together(people) == [{"0", "a"}, {"b"}, {"c"}]
    before = people.codes()
    people.night(person("a", "王伟", email="y@a.cn"))
    assert together(people) == [{"0"}, {"a"}, {"b"}, {"c"}]
    assert {name: code for name, code in people.codes().items() if name != "crm:a"}.items() <= before.items()


@pytest.mark.parametrize("seed", range(int(os.environ.get("SALES_WAREHOUSE_TEST_SEEDS", "1"))))
def test_thirty_nights_of_changes_and_decisions_can_all_be_taken_back(tmp_path: Path, seed: int) -> None:
    """Records come, change and go, and people decide.

    Who was left alone, with all that he is one with, or would be without decisions, keeps his code; but two become one
    with the older code when an address that too many had has few enough behind it again. Every change has its line of
    that night. Undoing gives back what is without decisions, and then the same bytes.
    """
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    world = Changing(Desk(home), Desk(home, CONTACTS), random.Random(seed))
    world.night(world.come(20))
    made: list[tuple[str, str]] = []
    for _ in range(30):
        before, bases, rows = world.codes(), world.bases(), dict(world.rows)
        touched = world.change()
        for about in (world.desk, world.people):
            with contextlib.suppress(DecisionRefused):
                touched |= {(about.entity.one, name) for name in _decide(about, world.drawn, about.codes(), made)}
        world.night(touched)
        after = world.codes()
        assert before.keys() <= after.keys()
        changed = {name for name in before if after[name] != before[name]}
        alone = changed - touched
        for codes in (before, after, bases, world.bases()):  # who was, or is, one with somebody who was touched
            met = {codes[name] for name in touched if name in codes}
            alone -= {name for name in alone if codes[name] in met}
        left = {rows[name].get("email") for name in touched & rows.keys()} - {None}
        joined = {name for name in alone if rows[name].get("email") in left and after[name] in before.values()}
        for name in joined:
            assert {after[other] for other in before if before[other] == before[name]} == {after[name]}
        assert alone == joined
        assert {(name, before[name], after[name]) for name in changed} == world.told()
    assert {about for about, _ in made} == {"customer", "contact"}
    assert len(world.moved) > 10  # by their records, not by decisions alone
    kept = [desk.bases() for desk in (world.desk, world.people)]
    world.undo_all(made)
    for desk, base in zip((world.desk, world.people), kept, strict=True):
        assert desk.bases() == base
        assert desk.codes() == {name: code for name, code, _ in base}
    first, made = (world.desk.files(), world.people.files()), []
    for _ in range(2):
        for about in (world.desk, world.people):
            with contextlib.suppress(DecisionRefused):
                _decide(about, world.drawn, about.codes(), made)
        world.night(set())
    world.undo_all(made)
    assert (world.desk.files(), world.people.files()) == first


@dataclass
class Changing:
    """A home whose records come, change, and are deleted by their key alone."""

    desk: Desk
    people: Desk
    drawn: random.Random
    nights: int = 0
    rows: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    loads: dict[str, list[dict[str, object]]] = field(default_factory=lambda: {"customer": [], "contact": []})
    moved: set[tuple[str, str]] = field(default_factory=set)

    def come(self, count: int) -> set[tuple[str, str]]:
        for _ in range(count):
            number = len(self.rows) // 2
            code = self.drawn.choice([None, *(f"code_{n}" for n in range(number // 2 + 1))])
            self._tell("customer", record(number, code))
            mail = f"{self.drawn.randint(0, number // 2)}@a.cn"
            self._tell("contact", person(str(number), f"name {number // 4}", email=mail))
        return set(self.rows)

    def change(self) -> set[tuple[str, str]]:
        """Draw what happens to records in a night; return whom it happens to."""
        told, drawn = set[tuple[str, str]](), self.drawn
        if drawn.random() < 0.3:
            known = set(self.rows)
            told |= self.come(1) - known
        for about, cells in (
            ("customer", {"uscc": drawn.choice([None, *(f"code_{n}" for n in range(12))])}),
            (
                "contact",
                drawn.choice([{"email": f"{drawn.randint(0, 12)}@a.cn"}, {"name": f"name {drawn.randint(0, 5)}"}]),
            ),
        ):
            chosen = drawn.choice(sorted(name for name in self.rows if name[0] == about))
            is_gone = {"_is_deleted": True} if drawn.random() < 0.2 else {}
            key = f"{about}_id"
            row = {key: self.rows[chosen][key]} | is_gone if is_gone else self.rows[chosen] | cells
            self.loads[about].append(row)
            if not is_gone:
                self.rows[chosen] = row
            told.add(chosen)
        self.moved |= told
        return told

    def night(self, touched: set[tuple[str, str]]) -> None:
        self.nights += 1
        for desk in (self.desk, self.people):
            if rows := self.loads[desk.entity.one]:
                accept(desk.home, desk.entity.name, f"{self.nights:03}", "crm", rows)
            self.loads[desk.entity.one] = []
        run(self.desk.home, self.nights)

    def codes(self) -> dict[tuple[str, str], str]:
        desks = (self.desk, self.people)
        return {(desk.entity.one, name): code for desk in desks for name, code in desk.codes().items()}

    def bases(self) -> dict[tuple[str, str], str]:
        """Return the codes without decisions."""
        desks = (self.desk, self.people)
        return {(desk.entity.one, name): code for desk in desks for name, code, _ in desk.bases()}

    def told(self) -> set[tuple[tuple[str, str], str, str]]:
        """Return what the logs of this night say: who, the old code, the new one."""
        desks = (self.desk, self.people)
        return {((d.entity.one, name), old, new) for d in desks for name, old, new, _ in d.log(self.nights)}

    def undo_all(self, made: list[tuple[str, str]]) -> None:
        """Take all decisions back, four in a night."""
        for number, (about, decision) in enumerate(reversed(made)):
            desk = self.desk if about == "customer" else self.people
            if decision in {item.decision_id for item in decisions.standing(decisions.history(desk.home))}:
                desk.undo(decision)
            if number % 4 == 3:
                self.night(set())
        self.night(set())

    def _tell(self, about: str, row: dict[str, object]) -> None:
        self.rows[about, f"crm:{row[f'{about}_id']}"] = row
        self.loads[about].append(row)


def _decide(desk: Desk, drawn: random.Random, codes: dict[str, str], made: list[tuple[str, str]]) -> set[str]:
    """Draw a decision; return the records that it names."""
    one, other = drawn.sample(sorted(codes), 2)
    kind = drawn.choice(["merge", "merge", "split", "undo"])
    if kind == "merge":
        made.append((desk.entity.one, desk.merge(one, other)))
        return {one, other}
    if kind == "split":
        made.append((desk.entity.one, desk.split(one)))
        return {one}
    stand = [item for item in decisions.standing(decisions.history(desk.home)) if item.entity == desk.entity.one]
    if not stand:
        return set()
    decision = drawn.choice(stand)
    desk.undo(decision.decision_id)
    return {*decision.records, *decision.others}
