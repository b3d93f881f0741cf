"""A night looks at what changed, and finds what it would find if it looked at everything."""

from __future__ import annotations

import datetime
import json
import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from identity_records import accept, run

from sales_warehouse import failpoint, gate, identity
from sales_warehouse.company.models import IdentityFile
from sales_warehouse.home import Home
from sales_warehouse.identity import contacts, customers, decisions, evidence, kept
from sales_warehouse.identity.decisions import DecisionRefused
from sales_warehouse.identity.records import CONTACTS, CUSTOMERS, Entity

SEEDS = int(os.environ.get("SALES_WAREHOUSE_TEST_SEEDS", "1"))
NIGHTS = int(os.environ.get("SALES_WAREHOUSE_TEST_NIGHTS", "6"))
OUTPUTS = (
    "customer_xref",
    "customer_log",
    "customer_left",
    "customer_review",
    "decisions",
    "contact_xref",
    "contact_log",
    "contact_left",
    "contact_review",
)
OF_A_NIGHT = ("customer_rekeyed", "contact_rekeyed")  # which begin anew
CITIES = ["上海", "成都", "武汉", "大连", "康宁", "上海市"]  # a city may be what a company is called, or begin another
BRANDS = ["康宁", "天和", "华康", "百合", "益寿", "安泰"]
TRADES = ["医疗器械", "大药房", "母婴用品"]
DEFAULT = "a_placeholder"  # which about as many unlike names have as a code may have
ADDRESSES = [
    None, "上海市浦东新区张江路1号", "浦東新區張江路2號", "湖北省武汉市洪山区珞喻路", "武汉市东湖开发区", "洪山区",
    "大连市中山区",
]  # fmt: skip
HOTLINE, MAILBOX = "+864008108888", "info@firma.cn"


@dataclass
class History:
    """Nights of a small world, drawn at random: what is delivered, what is taken back, and what people decide."""

    drawn: random.Random
    number: int = 0
    customers: dict[str, dict] = field(default_factory=dict)
    contacts: dict[str, dict] = field(default_factory=dict)

    def first(self) -> tuple[list[dict], list[dict]]:
        for number in range(80):
            for _ in range(self.drawn.choice((1, 2, 2, 3))):
                self._customer(number)
        return list(self.customers.values()), list(self.contacts.values())

    def night(self) -> tuple[list[dict], list[dict]]:
        """Return the customers and contacts of a night's load."""
        before = dict(self.customers), dict(self.contacts)
        for _ in range(self.drawn.randint(0, 5)):
            self._customer(self.drawn.randint(0, 90))
        for _ in range(self.drawn.randint(0, 8)):
            name = self.drawn.choice(sorted(self.customers))
            self.customers[name] = self.customers[name] | self._change_of_customer()
        for _ in range(self.drawn.randint(0, 8)):
            name = self.drawn.choice(sorted(self.contacts))
            self.contacts[name] = self.contacts[name] | self._change_of_contact()
        return tuple(
            [self._told(row) for name, row in now.items() if row is not then.get(name)]
            for then, now in zip(before, (self.customers, self.contacts), strict=True)
        )  # type: ignore[return-value]

    def _told(self, row: dict) -> dict:
        """A deletion may carry its key alone, or what it was as well."""
        if not row.get("_is_deleted") or self.drawn.random() < 0.3:
            return row
        return {name: cell for name, cell in row.items() if name in ("customer_id", "contact_id", "_is_deleted")}

    def _customer(self, company: int) -> None:
        self.number += 1
        name, of = f"c{self.number}", random.Random(company)
        city, brand, trade = of.choice(CITIES[:4]), of.choice(BRANDS), of.choice(TRADES)
        spelt = self.drawn.choice([f"{city}{brand}{trade}有限公司", f"{brand}（{city}）{trade}公司", f"{brand}{trade}"])
        self.customers[name] = {
            "customer_id": name, "name": spelt, "industry": trade, "city": self.drawn.choice([city, city, None]),
            "address": ADDRESSES[self.number % len(ADDRESSES)],
            "uscc": self.drawn.choice([f"code{company:014d}"] * 16 + [DEFAULT] + [None] * 3),
            "created_at": datetime.datetime(2026, 1, 1) + datetime.timedelta(days=self.drawn.randint(0, 99)),
        }  # fmt: skip
        if self.drawn.random() < 0.9:
            self.contacts[f"p{self.number}"] = {
                "contact_id": f"p{self.number}", "customer_id": f"crm:{name}",
                "name": self.drawn.choice(["王伟", "李娜", None, None]), "phone": f"+86139{company:08d}",
                "email": f"li@firma{company}.cn",
            }  # fmt: skip

    def _change_of_customer(self) -> dict:
        company = self.drawn.randint(0, 90)
        return self.drawn.choice([
            {"uscc": None}, {"uscc": DEFAULT}, {"uscc": f"code{company:014d}"}, {"city": self.drawn.choice(CITIES)},
            {"name": self.drawn.choice(BRANDS) + self.drawn.choice(TRADES)}, {"name": None},
            {"created_at": datetime.datetime(2025, 1, 1)}, {"_is_deleted": True}, {"_is_deleted": False},
            {"address": ADDRESSES[company % len(ADDRESSES)]},
        ])  # fmt: skip

    def _change_of_contact(self) -> dict:
        company = self.drawn.randint(0, 90)
        return self.drawn.choice([
            {"phone": HOTLINE}, {"email": MAILBOX}, {"phone": f"+86139{company:08d}"}, {"phone": None},
            {"email": f"Li@firma{company}.cn"}, {"customer_id": f"crm:c{self.drawn.randint(1, self.number + 2)}"},
            {"name": self.drawn.choice(["王伟", "赵敏", None])}, {"wechat_id": self.drawn.choice(["a", "b", None])},
            {"_is_deleted": True}, {"_is_deleted": False},
        ])  # fmt: skip


def _homes(folder: Path) -> tuple[Home, Home]:
    homes = Home(folder / "nights", "test"), Home(folder / "other", "test")
    for home in homes:
        gate.ensure_schemas(home)
        home.secrets.mkdir(parents=True)
        (home.secrets / "contact.key").write_text("the key of both, long enough")
    return homes


def _both(homes: tuple[Home, Home], entity: str, load: str, rows: list[dict]) -> None:
    for home in homes:
        if rows:
            accept(home, entity, load, "crm", rows)


def _forget(home: Home) -> None:
    """Make the next night look at everything: the mark is of another program, what the evidence said stays."""
    with duckdb.connect(str(home.identity / kept.FILE)) as connection:
        (told,) = connection.execute("select told from mark").fetchone()
        mark = json.loads(told)
        mark["given"] |= {"form": "another one"}
        connection.execute("update mark set told = ?", [json.dumps(mark)])


def _outputs(home: Home, *more: str) -> dict[str, list[tuple]]:
    with duckdb.connect(str(home.identity / kept.FILE), read_only=True) as connection:
        told = {name: f"read_parquet('{home.identity}/{name}.parquet')" for name in (*OUTPUTS, *more)}
        told |= {name: name for name in ("customer_pairs", "evidence_records", "addresses")}
        return {name: connection.execute(f"from {table} order by all").fetchall() for name, table in told.items()}


def _decide(homes: tuple[Home, Home], drawn: random.Random, entity: Entity, at: datetime.datetime) -> None:
    file = homes[0].identity / f"{entity.xref}.parquet"
    found = duckdb.sql(f"select source || ':' || {entity.id}, {entity.key} from '{file}' order by all").fetchall()
    one, other = (record for record, _ in drawn.sample(found, 2))
    codes = [code for _, code in found]
    shared = [record for record, code in found if codes.count(code) > 1]
    kind = drawn.choice(["merge", "split", "undo"])
    stand = [item for item in decisions.standing(decisions.history(homes[0])) if item.entity == entity.one]
    off = drawn.choice(shared or [one])
    for home in homes:
        told = {"by": "Li Na", "why": "asked them", "at": at, "entity": entity}
        try:
            if kind == "merge":
                decisions.merge(home, [one, other], **told)
            elif kind == "split":
                decisions.split(home, [off], **told)
            elif stand:
                decisions.undo(home, stand[0].decision_id, **told)
        except DecisionRefused:
            continue


def _disturb(homes: tuple[Home, Home], drawn: random.Random) -> None:
    """Take a load back, or let an older one come late."""
    loads = sorted(homes[0].accepted.glob("*/_load_id=0*/*.parquet"))
    if len(loads) < 6:
        return
    chosen = drawn.choice(loads[2:]).relative_to(homes[0].accepted)
    late = drawn.random() < 0.5
    for home in homes:
        file = home.accepted / chosen
        if late:
            target = file.parents[1] / f"{file.parent.name}a" / file.name
            target.parent.mkdir(exist_ok=True)
            shutil.copy(file, target)
        else:
            file.unlink()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_night_by_night_is_what_looking_at_everything_every_night_gives(tmp_path: Path, seed: int) -> None:
    """Records new, changed, deleted, taken back and late; decisions; and once what was learnt is forgotten."""
    homes = _homes(tmp_path)
    drawn, history = random.Random(seed), History(random.Random(seed))
    forgotten, seen = drawn.randint(3, NIGHTS), set[str]()
    for night in range(1, NIGHTS + 1):
        customers, contacts = history.first() if night == 1 else history.night()
        _both(homes, "customers", f"{night:03}", customers)
        _both(homes, "contacts", f"{night:03}", contacts)
        if night > 1:
            _forget(homes[1])
            for entity in (CUSTOMERS, CONTACTS):
                if drawn.random() < 0.6:
                    _decide(homes, drawn, entity, datetime.datetime(2026, 7, night))
            if drawn.random() < 0.3:
                _disturb(homes, drawn)
        if night == forgotten:
            for home in homes:
                (home.identity / kept.MODEL).unlink(missing_ok=True)
        found = [run(home, night) for home in homes]
        assert found[0] == found[1], f"night {night}"
        night_by_night, whole = (_outputs(home, *OF_A_NIGHT) for home in homes)
        for name, rows in night_by_night.items():
            assert rows == whole[name], f"night {night}: {name}"
        seen |= {name for name, rows in whole.items() if rows}
    assert seen >= {"customer_log", "customer_pairs", "customer_review", "contact_log", "contact_review", "decisions"}


class Killed(Exception):
    """Ends a night."""


PLACES = (
    (customers, "group"), (failpoint, "identify.after_write"), (failpoint, "identify.after_commit"),
    (evidence, "score"), (identity, "_write"), (failpoint, "identify.after_file"), (evidence, "gather"),
    (customers, "follow_decisions"), (contacts, "_group"), (failpoint, "identify.before_commit"), (kept, "write_mark"),
)  # fmt: skip
ENDS = int(os.environ.get("SALES_WAREHOUSE_TEST_KILLS", "3"))  # how many of the places


def test_a_night_that_ends_anywhere_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it left is what it had written by then; the other home was never disturbed."""
    homes, history = _homes(tmp_path), History(random.Random(7))
    for night, place in enumerate([None, *PLACES[:ENDS]], 1):
        customers_, contacts_ = history.first() if night == 1 else history.night()
        _both(homes, "customers", f"{night:03}", customers_)
        _both(homes, "contacts", f"{night:03}", contacts_)
        if place:
            with monkeypatch.context() as patched:
                _end_at(patched, *place)
                with pytest.raises(Killed):
                    run(homes[0], night)
        found = [run(home, night) for home in homes]
        assert found[0] == found[1], place
        assert _outputs(homes[0], *OF_A_NIGHT) == _outputs(homes[1], *OF_A_NIGHT), place


def _end_at(patched: pytest.MonkeyPatch, module: object, name: str) -> None:
    def ended(*told: object, **named: object) -> None:
        if module is not failpoint or told == (name,):
            raise Killed

    patched.setattr(module, "reach" if module is failpoint else name, ended)


def test_a_cross_reference_of_an_earlier_version_keeps_its_codes(tmp_path: Path) -> None:
    """Up to the end of November 2026 it said in which batch each row had changed, and nothing stood beside it."""
    home, history = _homes(tmp_path)[0], History(random.Random(1))
    for entity, rows in zip(("customers", "contacts"), history.first(), strict=True):
        _both((home, home), entity, "001", rows[:20])
    run(home, 1)
    before = _outputs(home)
    for entity in (CUSTOMERS, CONTACTS):
        file, earlier = home.identity / f"{entity.xref}.parquet", tmp_path / "earlier.parquet"
        duckdb.execute(f"copy (select *, 1::bigint as changed_batch from '{file}') to '{earlier}' (format parquet)")
        earlier.replace(file)
        (home.identity / f"{entity.rekeyed}.parquet").unlink()
    _forget(home)
    assert run(home, 2).changed == 0
    assert _outputs(home) == before


def test_what_was_looked_at_is_not_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same night again, and a night without news, read no record; a file that was touched by somebody is seen."""
    home, history = _homes(tmp_path)[0], History(random.Random(1))
    _both((home, home), "customers", "001", history.first()[0])
    found = run(home, 1)
    with monkeypatch.context() as patched:
        patched.setattr(identity, "take_in", lambda *told: pytest.fail("records were read"))
        assert run(home, 1) == found
        assert (run(home, 2).changed, run(home, 2).customers) == (0, found.customers)
    before = _outputs(home)
    for name in ("customer_xref", "contact_log"):
        file = home.identity / f"{name}.parquet"
        shutil.copy(file, file.with_suffix(".copy"))
        file.with_suffix(".copy").replace(file)
        with monkeypatch.context() as patched:
            patched.setattr(customers, "load_pairs", _end)
            with pytest.raises(Killed):
                run(home, 2)
        run(home, 2)
        assert _outputs(home) == before


def _end(*told: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    "settings",
    [{"merge_above": 0.9}, {"shared_limit": 4}, {"review_above": 0.4}],
    ids=["another threshold", "another limit", "more to review"],
)
def test_another_setting_looks_at_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict) -> None:
    home = _homes(tmp_path)[0]
    accept(home, "customers", "1", "crm", [{"customer_id": "a"}])
    run(home, 1)
    monkeypatch.setattr(customers, "load_pairs", _end)
    run(home, 2)
    with pytest.raises(Killed):
        run(home, 2, IdentityFile.model_validate({"customers": settings}))


@pytest.mark.parametrize(("then", "now"), [(0.5, 0.05), (0.05, 0.5)], ids=["lower", "higher"])
def test_another_least_probability_gives_the_pairs_of_a_home_that_never_had_another(
    tmp_path: Path, then: float, now: float
) -> None:
    homes, history = _homes(tmp_path), History(random.Random(1))
    customers_, contacts_ = history.first()
    _both(homes, "customers", "001", customers_)
    _both(homes, "contacts", "001", contacts_)
    for home, settings in zip(homes, ([then, now], [now]), strict=True):
        for night, least in enumerate(settings, 1):
            run(home, night, IdentityFile.model_validate({"customers": {"review_above": least}}))
    changed, fresh = map(_outputs, homes)
    for name in ("customer_pairs", "customer_review"):
        assert changed[name] == fresh[name], name
    assert [row[:3] for row in changed["customer_xref"]] == [row[:3] for row in fresh["customer_xref"]]
    assert any(probability < 0.5 for *_, probability in fresh["customer_pairs"]) is (now < 0.5)


def test_a_file_that_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    home, history = _homes(tmp_path)[0], History(random.Random(1))
    _both((home, home), "customers", "001", history.first()[0])
    run(home, 1)
    before = _outputs(home)
    (home.identity / kept.FILE).write_bytes(b"no database" * 1000)
    run(home, 2)
    assert _outputs(home) == before
