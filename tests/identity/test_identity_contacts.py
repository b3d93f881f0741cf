"""Which contact records are one person, and a code that stays, also when the key of the hashes does not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest
from identity_records import AT, CODE_A, CODE_B, accept, keys, run, since

from sales_warehouse import gate
from sales_warehouse.company.models import IdentityFile
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions
from sales_warehouse.identity.contact_hash import ContactKeyError, check_key, contact_key
from sales_warehouse.identity.person_name import person_name
from sales_warehouse.identity.records import CONTACTS

MOBILE, OTHER = "+8613800138000", "+8613900139000"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Forty companies, and two records of one more."""
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    accept(home, "customers", "0", "crm", [{"customer_id": str(n)} for n in range(40)])
    accept(home, "customers", "0", "crm2", [{"customer_id": n, "uscc": CODE_A} for n in ("crm", "shop")])
    return home


HERE, THERE = {"customer_id": "crm:1"}, {"customer_id": "crm:2"}


def people(home: Home, *rows: dict[str, object], night: int = 1, source: str = "crm") -> list[set[str]]:
    """Accept contacts, one letter of their code each, and return who is one person."""
    accept(home, "contacts", str(night), source, list(rows))
    run(home, night)
    together: dict[str, set[str]] = {}
    for (_, record), code in keys(home, "contact", "contact_id").items():
        together.setdefault(code, set()).add(record)
    return sorted(together.values(), key=min)


def waiting(home: Home) -> list[tuple]:
    return duckdb.sql(f"from '{home.identity / 'contact_review.parquet'}'").fetchall()


def person(contact_id: str, name: str | None = None, **cells: object) -> dict[str, object]:
    return {"contact_id": contact_id, "name": name, **cells}


def test_one_phone_e_mail_or_wechat_id_and_no_other_name_is_one_person(home: Home) -> None:
    assert people(
        home,
        person("a", "王 伟", phone=MOBILE, email="x@a.cn", **HERE),
        person("b", "王伟", phone=MOBILE),
        person("c", email="X@A.CN", **HERE),
        person("d", "李娜", wechat_id="Li_Na"),
        person("e", "李娜", wechat_id="li_na"),
        person("f", **HERE),
        person("g", **HERE),
    ) == [{"a", "b", "c"}, {"d", "e"}, {"f"}, {"g"}]
    rules = duckdb.sql(f"select contact_id, rule from '{home.identity / 'contact_xref.parquet'}' order by 1").fetchall()
    assert dict(rules) == {
        "a": "phone", "b": "phone", "c": "email", "d": "wechat_id", "e": "wechat_id", "f": "own_record",
        "g": "own_record",
    }  # fmt: skip


def test_a_mobile_number_with_a_new_owner_is_another_person(home: Home) -> None:
    old = person("old", "王伟", phone=MOBILE, email="wang@a.cn", customer_id="crm:1")
    new = person("new", "赵敏", phone=MOBILE, email="zhao@b.cn", customer_id="crm:2")
    assert people(home, old) == [{"old"}]
    before = keys(home, "contact", "contact_id")
    assert people(home, new, night=2) == [{"new"}, {"old"}]
    assert keys(home, "contact", "contact_id")["crm", "old"] == before["crm", "old"]


def test_who_changes_employer_stays_one_person(home: Home) -> None:
    assert people(
        home,
        person("then", "王伟", phone=MOBILE, email="wang@a.cn", customer_id="crm:1"),
        person("now", "王伟", phone=MOBILE, email="wang@b.cn", customer_id="crm:2"),
    ) == [{"now", "then"}]


def test_a_mailbox_of_several_people_fuses_nobody(home: Home) -> None:
    """Who has no name there could be any of them."""
    shared = {"email": "sales@a.cn"}
    assert people(
        home,
        person("a", "王伟", **shared),
        person("b", "李娜", **shared),
        person("c", "王伟", **shared),
        person("d", **shared),
    ) == [{"a", "c"}, {"b"}, {"d"}]


def test_nobody_without_a_name_makes_one_of_two(home: Home) -> None:
    """The telephone says more than the e-mail."""
    assert people(
        home,
        person("a", "王伟", phone=MOBILE, **HERE),
        person("b", "李娜", email="x@a.cn", **HERE),
        person("c", phone=MOBILE, email="x@a.cn", **HERE),
        person("d", "李娜", email="x@a.cn"),
    ) == [{"a", "c"}, {"b", "d"}]


NUMBERS = range(40)


@pytest.mark.parametrize("name", [None, "采购部"])
def test_a_placeholder_makes_nobody_of_forty(home: Home, name: str | None) -> None:
    """Nobody, or a department, at forty customers with one mobile number; none of them waits for a person."""
    rows = [person(f"{n:02}", name, phone=MOBILE, customer_id=f"crm:{n}") for n in NUMBERS]
    assert people(home, *rows) == [{f"{n:02}"} for n in NUMBERS]
    assert waiting(home) == []


def test_a_number_of_more_people_than_may_share_one_proves_nothing(home: Home) -> None:
    """Six names, one of them twice; with five of them the two are one."""
    names = ["王伟", "李娜", "张敏", "赵静", "周强", "吴磊"]
    rows = [person(str(n), name, phone=MOBILE) for n, name in enumerate([*names, names[0]])]
    assert people(home, *rows) == [{str(n)} for n in range(7)]
    assert people(home, person("5", "吴磊", phone=OTHER), night=2) == [{"0", "6"}, *({str(n)} for n in range(1, 6))]


def test_who_was_one_stays_one_when_strangers_get_the_address(home: Home) -> None:
    """A sixth person at a mailbox, a second name at a telephone: new ones are joined by neither."""
    box, line = {"email": "x@a.cn"}, {"phone": OTHER}
    rows = [person("a", "王伟", **box), person("b", "王伟", **box), person("c", "王磊", **line, **HERE)]
    rows += [person("d", **line, **HERE), person("z", "王伟", wechat_id="z")]
    others = [person(str(n), name, **box) for n, name in enumerate(("李娜", "张敏", "赵静", "周强"))]
    together = [{"a", "b"}, {"c", "d"}]
    assert [group for group in people(home, *rows, *others) if len(group) > 1] == together
    before = keys(home, "contact", "contact_id")
    more = [
        person("5", "吴磊", **box),
        person("6", "郑爽", **line),
        person("y", "王伟", **box),
        person("x", **line, **HERE),
    ]
    assert [group for group in people(home, *more, night=2) if len(group) > 1] == together
    after = keys(home, "contact", "contact_id")
    assert after.items() >= before.items()
    rules = duckdb.sql(f"select contact_id, rule from '{home.identity / 'contact_xref.parquet'}'").fetchall()
    assert {name: rule for name, rule in rules if name in "abcd"} == {
        "a": "email", "b": "email", "c": "phone", "d": "phone"
    }  # fmt: skip
    (home.identity / "kept.duckdb").unlink()
    people(home, person("z", "王伟", **box), night=3)
    assert keys(home, "contact", "contact_id") == after
    fewer = Home(home.root / "fewer", "test")
    shutil.copytree(home.dir, fewer.dir)
    run(fewer, 4, IdentityFile.model_validate({"customers": {"shared_limit": 4}}))
    parted = keys(fewer, "contact", "contact_id")
    assert parted["crm", "a"] != parted["crm", "b"] and parted["crm", "c"] != parted["crm", "d"]
    assert {"b"} in people(home, person("b", "王伟", email="y@a.cn"), night=4)


def test_the_rule_is_the_address_by_which_they_are_one(home: Home) -> None:
    """A number of six people proves nothing; two of them are one by their e-mail."""
    rows = [person(str(n), f"王{name}", phone=MOBILE) for n, name in enumerate("甲乙丙丁戊")]
    people(home, *rows, *(person(name, "李娜", phone=MOBILE, email="l@a.cn") for name in "ab"))
    rules = duckdb.sql(f"select contact_id, rule from '{home.identity / 'contact_xref.parquet'}' order by 1").fetchall()
    assert rules == [*((str(n), "own_record") for n in range(5)), ("a", "email"), ("b", "email")]


def test_one_person_at_many_customers_is_one(home: Home) -> None:
    rows = [person(f"{n:02}", "王伟", phone=MOBILE, customer_id=f"crm:{n}") for n in NUMBERS]
    assert len(people(home, *rows)) == 1


def test_who_has_no_name_joins_within_one_customer_and_waits_elsewhere(home: Home) -> None:
    """The number of 王伟 may have a new owner; the CRM and the shop know one customer under two ids."""
    assert people(
        home,
        person("a", "王伟", phone=MOBILE, customer_id="crm2:crm", created_at="2020-01-01"),
        person("b", phone=MOBILE, customer_id="crm2:shop"),
        person("c", phone=MOBILE, **HERE),
        person("d", phone=MOBILE, **HERE),
        person("e", phone=MOBILE),
        person("f", phone=MOBILE, customer_id="crm:unknown"),
    ) == [{"a", "b"}, {"c", "d"}, {"e"}, {"f"}]
    assert waiting(home) == [("crm:a", f"crm:{record}", "phone") for record in "cef"]
    before, said = keys(home, "contact", "contact_id"), {"by": "Li Na", "why": "rang", "at": AT, "entity": CONTACTS}
    merge = decisions.merge(home, ["crm:a", "crm:c"], **said)
    decisions.keep_apart(home, ["crm:a", "crm:e"], **said)
    run(home, 2)
    assert waiting(home) == [("crm:a", "crm:f", "phone")]
    assert keys(home, "contact", "contact_id")["crm", "d"] == before["crm", "a"]
    decisions.undo(home, merge.decision_id, **said)
    run(home, 3)
    assert waiting(home) == [("crm:a", f"crm:{record}", "phone") for record in "cf"]
    assert keys(home, "contact", "contact_id") == before


def test_two_without_a_name_become_one_when_their_customers_do(home: Home) -> None:
    rows = [person("a", email="x@a.cn", customer_id="crm2:crm"), person("b", email="x@a.cn", **HERE)]
    assert people(home, *rows) == [{"a"}, {"b"}]
    assert waiting(home) == [("crm:a", "crm:b", "email")]
    accept(home, "customers", "2", "crm", [{"customer_id": "1", "uscc": CODE_A}])
    run(home, 2)
    (one,) = set(keys(home, "contact", "contact_id").values())
    assert waiting(home) == []
    accept(home, "customers", "3", "crm", [{"customer_id": "1"}])
    run(home, 3)
    again = keys(home, "contact", "contact_id")
    assert again["crm", "a"] == one, "neither a nor its customer changed"
    assert again["crm", "b"] != one


@pytest.mark.parametrize("older", ["ace", "bdf"])
def test_who_did_not_change_keeps_the_code_when_a_group_falls_apart(home: Home, older: str) -> None:
    """Neither b nor c nor f changed, nor did their customers: one customer becomes two, and e has another telephone."""
    accept(home, "customers", "0", "crm3", [{"customer_id": n, "uscc": CODE_B} for n in ("crm", "shop")])
    rows = [
        person("a", phone=MOBILE, customer_id="crm2:crm"), person("b", "王伟", phone=MOBILE, customer_id="crm2:shop"),
        person("c", phone=OTHER, customer_id="crm3:crm"), person("d", "李娜", phone=OTHER, customer_id="crm3:shop"),
        person("e", "赵敏", phone="+8613700137000"), person("f", "赵敏", phone="+8613700137000"),
    ]  # fmt: skip
    for row in rows:
        row["created_at"] = "2020-01-01" if row["contact_id"] in older else "2021-01-01"
    assert people(home, *rows) == [{"a", "b"}, {"c", "d"}, {"e", "f"}]
    before = keys(home, "contact", "contact_id")
    accept(home, "customers", "2", "crm2", [{"customer_id": "crm"}])
    accept(home, "customers", "2", "crm3", [{"customer_id": "shop"}])
    assert len(people(home, rows[4] | {"phone": "+8613600136000"}, night=2)) == 6
    after = keys(home, "contact", "contact_id")
    assert {name for (_, name), code in after.items() if code == before["crm", name]} == set("bcf")


def test_a_name_is_one_however_it_is_written(home: Home) -> None:
    pairs = [("张伟", "張偉"), ("Tom Li", "Ｔｏｍ　Ｌｉ"), ("王伟", "王伟先生"), ("王伟", "王薇")]
    rows = [
        person(f"{n}{side}", name, phone=f"+861380013800{n}", **(HERE if side == "a" else THERE))
        for n, pair in enumerate(pairs)
        for side, name in zip("ab", pair, strict=True)
    ]
    assert people(home, *rows) == [{"0a", "0b"}, {"1a", "1b"}, {"2a", "2b"}, {"3a"}, {"3b"}]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("王伟", "王伟"), ("王 伟", "王伟"), ("王·伟", "王伟"), ("王伟 总经理", "王伟"), ("王伟总", "王伟"),
        ("王偉女士", "王伟"), ("Mr. Tom LI", "tomli"), ("Ｔｏｍ Ｌｉ", "tomli"), ("Drake", "drake"), ("Msika", "msika"),
        ("王总", "王总"), ("王女士", "王女士"), ("李科", "李科"), ("采购部", None), ("采购科", None), ("前 台", None),
        ("设备", None), ("Info", None), ("sales@firma.cn", None), ("经理", None), ("-", None), ("n/a", None),
        (" . ", None), ("未知", None),
    ],
)  # fmt: skip
def test_a_name_is_compared_without_title_and_spelling_and_a_department_has_none(text: str, name: str | None) -> None:
    assert person_name(text) == name


def test_a_mailbox_of_a_department_is_no_person(home: Home) -> None:
    """Who has no name there is the department, of one customer, and not the one who wrote from there once."""
    box = {"email": "sales@a.cn"} | HERE
    rows = [person("a", "王伟", **box), person("b", **box), person("c", "采购部", **box), person("d", "王伟", **box)]
    assert people(home, *rows) == [{"a", "d"}, {"b", "c"}]
    assert waiting(home) == []


@pytest.mark.parametrize("nothing", ["无", "同手机号", "-", "None", "N/A", "n.a.", "(none)", "无（none）", "0000"])
def test_what_is_no_wechat_id_proves_nothing(home: Home, nothing: str) -> None:
    rows = [person("a", "王伟", wechat_id=nothing), person("b", "王伟", wechat_id=nothing)]
    assert people(home, *rows) == [{"a"}, {"b"}]


def test_a_landline_proves_nothing(home: Home) -> None:
    assert people(home, person("a", phone="+862161234567"), person("b", phone="+862161234567")) == [{"a"}, {"b"}]


def test_a_person_keeps_the_code_when_the_number_changes(home: Home) -> None:
    people(home, person("a", "王伟", phone=MOBILE), person("b", "王伟", phone=MOBILE))
    before = keys(home, "contact", "contact_id")
    people(home, person("a", "王伟", phone=OTHER), person("b", "王伟", phone=OTHER), night=2)
    assert keys(home, "contact", "contact_id") == before


def test_a_merge_keeps_the_older_code_and_is_written_down(home: Home) -> None:
    people(home, person("a", "王伟", phone=MOBILE))
    people(home, person("b", "王伟", email="wang@a.cn"), night=2)
    before = keys(home, "contact", "contact_id")
    people(home, person("b", "王伟", email="wang@a.cn", phone=MOBILE), night=3)
    after = keys(home, "contact", "contact_id")
    assert after["crm", "b"] == after["crm", "a"] == before["crm", "a"]
    assert since(home, "contact", "contact_id") == {"a": 1, "b": 3}
    log = duckdb.sql(f"select batch, contact_id, old_key, new_key, rule from '{home.identity / 'contact_log.parquet'}'")
    assert log.fetchall() == [(3, "b", before["crm", "b"], before["crm", "a"], "phone")]


def test_another_key_changes_every_hash_and_no_code(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        person("a", "王伟", phone=MOBILE, **HERE),
        person("b", phone=MOBILE, **HERE),
        person("c", "李娜", email="x@a.cn"),
    ]
    monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "the first key, long enough")
    people(home, *rows)
    before = keys(home, "contact", "contact_id")
    hashes = f"select contact_hash, key_id from '{home.identity / 'contact_xref.parquet'}' order by contact_id"
    old = duckdb.sql(hashes).fetchall()
    monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "the second key, as long as that")
    assert people(home, person("d", "李娜", email="x@a.cn"), night=2) == [{"a", "b"}, {"c", "d"}]
    after = keys(home, "contact", "contact_id")
    assert after == before | {("crm", "d"): before["crm", "c"]}
    new = duckdb.sql(hashes).fetchall()
    assert {key for _, key in old}.isdisjoint(key for _, key in new)
    assert {text for text, _ in old}.isdisjoint(text for text, _ in new)
    assert new[0][0] == new[1][0] and new[2][0] == new[3][0]


def test_who_could_be_either_of_two_is_the_same_one_under_every_key(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two without a name share a telephone; by the e-mail of one they are 王伟, by that of the other 李娜."""
    rows = [
        person("a", "王伟", email="w@a.cn", **HERE), person("b", "李娜", email="l@a.cn", **HERE),
        person("c", email="w@a.cn", phone=MOBILE, **HERE), person("d", email="l@a.cn", phone=MOBILE, **HERE),
    ]  # fmt: skip
    for night in range(1, 7):
        monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", f"key number {night}, long enough")
        assert people(home, *rows, night=night) == [{"a", "c", "d"}, {"b"}]


def test_a_key_that_is_gone_is_not_replaced_in_silence(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    people(home, person("a", "王伟", phone=MOBILE))
    key = home.secrets / "contact.key"
    key.unlink()
    with pytest.raises(ContactKeyError, match=r"contact\.key is not there and SALES_WAREHOUSE_CONTACT_KEY is not set"):
        run(home, 2)
    assert not key.exists()
    monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "")
    with pytest.raises(ContactKeyError, match="0 characters, 16 are the least"):
        run(home, 2)


@pytest.mark.parametrize("content", ["", " \n", "too short"])
def test_a_key_that_is_no_key_hashes_nobody(home: Home, content: str) -> None:
    """With an empty key the hash of a mobile number is found by trying all numbers."""
    home.secrets.mkdir(parents=True)
    key = home.secrets / "contact.key"
    key.write_text(content)
    accept(home, "contacts", "1", "crm", [person("a", "王伟", phone=MOBILE)])
    with pytest.raises(ContactKeyError, match=r"16 are the least\. No hash was made with it yet: remove the file"):
        run(home, 1)
    key.unlink()
    run(home, 1)
    assert len(key.read_text()) == 64
    key.write_text(content)
    with pytest.raises(ContactKeyError, match=r"16 are the least\. Restore it from your backup"):
        run(home, 2)


def test_a_key_that_cannot_be_read_is_told_with_the_place(home: Home) -> None:
    """Of random bytes, and a folder."""
    home.secrets.mkdir(parents=True)
    key = home.secrets / "contact.key"
    key.write_bytes(bytes(range(128, 160)))
    with pytest.raises(ContactKeyError, match=r"contact\.key is not text in UTF-8\. Put a file of one line of text"):
        run(home, 1)
    key.unlink()
    key.mkdir()
    with pytest.raises(ContactKeyError, match=r"contact\.key cannot be read \(Is a directory\)"):
        run(home, 1)


def test_blanks_around_a_key_are_none_of_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the variable as in the file; sixteen blanks are no key."""
    for given in (" " * 16, "k" * 15 + "\n"):
        monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", given)
        with pytest.raises(ContactKeyError, match=f"has {len(given.strip())} characters, 16 are the least"):
            contact_key(home)
    monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "k" * 20 + "\n")
    assert contact_key(home) == b"k" * 20


def test_a_key_of_bytes_in_the_variable_is_told_before_anything_runs(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "\udcff" * 32)
    with pytest.raises(ContactKeyError, match="SALES_WAREHOUSE_CONTACT_KEY is not text in UTF-8"):
        check_key(home)


def test_a_key_is_there_whole_or_not_at_all(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed process had begun is beside the file, and the next one makes a key."""

    def ended(*told: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", ended)
        with pytest.raises(KeyboardInterrupt):
            contact_key(home)
    assert not (home.secrets / "contact.key").exists()
    assert len(contact_key(home)) == 64


def test_a_number_of_no_country_is_no_mobile_and_stops_nobody(home: Home) -> None:
    """The gate lets the form of E.164 in; the library knows no country of these."""
    strange = ["+9991234567", "+2101234567"]
    rows = [person(f"{kind}{n}", "王伟", phone=phone) for n, phone in enumerate(strange) for kind in "ab"]
    assert people(home, *rows) == [{"a0"}, {"a1"}, {"b0"}, {"b1"}]


def test_a_night_without_changes_changes_no_byte(home: Home) -> None:
    people(home, person("a", "王伟", phone=MOBILE), person("b", phone=MOBILE))
    before = {path.name: path.read_bytes() for path in home.identity.glob("contact*")}
    run(home, 2)
    assert {path.name: path.read_bytes() for path in home.identity.glob("contact*")} == before
