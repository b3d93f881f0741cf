"""Who is the same: certain rules, a keyed hash, and codes that stay from night to night."""

from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path

import duckdb
import pytest
from identity_records import AT, CODE_A, CODE_B, accept, keys, run

from sales_warehouse import gate
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions
from sales_warehouse.identity.contact_hash import contact_key, hmac_sql


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    return home


@pytest.mark.parametrize("key", [b"short", b"k" * 64, b"a key that is longer than one block of the hash" * 3])
@pytest.mark.parametrize("text", ["", "phone:+8613800138000", "电话：一二三"])
def test_the_hash_in_sql_is_hmac_sha_256(key: bytes, text: str) -> None:
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    assert duckdb.execute(f"select {hmac_sql('t', key)} from (select ? as t)", [text]).fetchone()[0] == expected


def test_a_shared_credit_code_makes_one_customer_over_sources(home: Home) -> None:
    accept(home, "customers", "1", "crm", [{"customer_id": "a", "uscc": CODE_A}, {"customer_id": "b", "uscc": CODE_B}])
    accept(home, "customers", "2", "shop", [{"customer_id": "9", "uscc": CODE_A}, {"customer_id": "8"}])
    found = run(home, 1)
    codes = keys(home, "customer", "customer_id")
    assert codes["crm", "a"] == codes["shop", "9"]
    assert len(set(codes.values())) == found.customers == 3


def test_a_folder_above_the_home_gives_no_record_a_value(tmp_path: Path) -> None:
    home = Home(tmp_path / f"uscc={CODE_A}", "test")
    gate.ensure_schemas(home)
    for night in (1, 2):
        accept(
            home, "customers", str(night), "crm", [{"customer_id": f"{night}", "uscc": CODE_B if night == 1 else None}]
        )
        assert run(home, night).customers == night


def test_codes_stay_and_only_what_changed_is_marked(home: Home) -> None:
    accept(home, "customers", "1", "crm", [{"customer_id": "a", "uscc": CODE_A}, {"customer_id": "b"}])
    run(home, 1)
    before = keys(home, "customer", "customer_id")
    accept(home, "customers", "2", "shop", [{"customer_id": "9", "uscc": CODE_A}])
    assert run(home, 2).changed == 1
    after = keys(home, "customer", "customer_id")
    assert {record: after[record] for record in before} == before
    assert after["shop", "9"] == before["crm", "a"]
    assert run(home, 3).changed == 0


def test_a_record_that_leaves_its_group_does_not_take_the_code_along(home: Home) -> None:
    first = [{"customer_id": record, "uscc": CODE_A} for record in ("a", "b", "c")]
    accept(home, "customers", "1", "crm", first)
    run(home, 1)
    before = keys(home, "customer", "customer_id")
    accept(home, "customers", "2", "crm", [{"customer_id": "a", "uscc": CODE_B}])
    run(home, 2)
    after = keys(home, "customer", "customer_id")
    assert after["crm", "b"] == after["crm", "c"] == before["crm", "b"]
    assert after["crm", "a"] != after["crm", "b"]


def test_who_did_not_change_keeps_the_code_also_when_more_go_than_stay(home: Home) -> None:
    dates = {"a": "2020-01-01", "b": "2020-01-01", "c": "2021-01-01"}
    rows = [{"customer_id": name, "uscc": CODE_A, "created_at": date} for name, date in dates.items()]
    accept(home, "customers", "1", "crm", rows)
    run(home, 1)
    before = keys(home, "customer", "customer_id")
    accept(home, "customers", "2", "crm", [row | {"uscc": CODE_B} for row in rows[:2]])
    run(home, 2)
    after = keys(home, "customer", "customer_id")
    assert after["crm", "c"] == before["crm", "c"]
    assert after["crm", "a"] == after["crm", "b"] != before["crm", "a"]


@pytest.mark.parametrize("older", ["a", "b"])
def test_of_two_codes_of_one_night_that_of_the_older_record_stays(home: Home, older: str) -> None:
    """Joined by a code, and by a person; the date of a record that is mended later moves nobody."""
    dates = {name: f"20{20 if name == older else 24}-01-01" for name in "ab"}
    rows = [{"customer_id": name, "created_at": dates[name]} for name in "ab"]
    rows += [{"customer_id": f"{name}2", "created_at": dates[name]} for name in "ab"]
    accept(home, "customers", "1", "crm", rows)
    run(home, 1)
    before = keys(home, "customer", "customer_id")
    accept(home, "customers", "2", "crm", [row | {"uscc": CODE_A} for row in rows[:2]])
    decisions.merge(home, ["crm:a2", "crm:b2"], by="Li Na", why="asked them", at=AT)
    run(home, 2)
    after = keys(home, "customer", "customer_id")
    assert {after["crm", name] for name in "ab"} == {before["crm", older]}
    assert {after["crm", f"{name}2"] for name in "ab"} == {before["crm", f"{older}2"]}
    younger = [row | {"created_at": "2026-01-01"} for row in (*(r | {"uscc": CODE_A} for r in rows[:2]), *rows[2:])]
    accept(home, "customers", "3", "crm", [row for row in younger if row["customer_id"][0] == older])
    run(home, 3)
    assert keys(home, "customer", "customer_id") == after


def test_the_record_that_a_code_was_made_from_leaves_it_behind(home: Home) -> None:
    """No code on the record any more, and alone: the code stays with the one that has the credit code."""
    oldest = {"customer_id": "a", "uscc": CODE_A, "created_at": "2026-01-01"}
    accept(home, "customers", "1", "crm", [oldest, {"customer_id": "b", "uscc": CODE_A, "created_at": "2026-01-02"}])
    run(home, 1)
    before = keys(home, "customer", "customer_id")
    for night in (2, 3):
        accept(home, "customers", str(night), "crm", [oldest | {"uscc": None}])
        run(home, night)
        after = keys(home, "customer", "customer_id")
        assert after["crm", "b"] == before["crm", "b"]
        assert after["crm", "a"] != before["crm", "a"]


def test_a_record_that_comes_back_with_another_code_has_its_line(home: Home) -> None:
    """Its load was taken back and lands again; one that comes back as it was has none."""
    told = f"select batch, source, customer_id, old_key, new_key from '{home.identity / 'customer_log.parquet'}'"
    same, wei = {"customer_id": "a", "uscc": CODE_A}, {"name": "王伟", "email": "w@a.cn"}
    accept(home, "customers", "1", "crm", [same | {"created_at": "2020-01-01"}])
    accept(home, "customers", "2", "shop", [{"customer_id": "b", "uscc": CODE_A}, {"customer_id": "c"}])
    accept(home, "contacts", "1", "crm", [{"contact_id": "a"} | wei])
    accept(home, "contacts", "2", "shop", [{"contact_id": "b"} | wei])
    run(home, 1)
    before = [keys(home, table, f"{table}_id") for table in ("customer", "contact")]
    for table in ("customers", "contacts"):
        (home.accepted / table / "_load_id=2" / "shop.0.parquet").unlink()
    for night in (2, 3):
        run(home, night)
    accept(home, "customers", "4", "shop", [{"customer_id": "b"}, {"customer_id": "c"}])
    accept(home, "contacts", "4", "shop", [{"contact_id": "b"} | wei | {"name": "李娜"}])
    for night in (4, 5):
        run(home, night)
        after = [keys(home, table, f"{table}_id") for table in ("customer", "contact")]
        for table, then, now in zip(("customer", "contact"), before, after, strict=True):
            log = duckdb.sql(told.replace("customer", table)).fetchall()
            assert log == [(4, "shop", "b", then["shop", "b"], now["shop", "b"])]
        assert after[0]["shop", "c"] == before[0]["shop", "c"]


def test_an_id_of_floats_that_is_read_otherwise_has_its_line(home: Home) -> None:
    """1234.0 is 1234 since December 2026. Where both are there, they are two records."""
    told = f"select batch, source, customer_id, old_key, new_key from '{home.identity / 'customer_log.parquet'}'"
    for load_id, source in (("1", "crm"), ("2", "shop")):
        accept(home, "customers", load_id, source, [{"customer_id": "1234.0"}, {"customer_id": "77.5"}])
        accept(home, "contacts", load_id, source, [{"contact_id": "1234.0"}])
    run(home, 1)
    before = [keys(home, table, f"{table}_id") for table in ("customer", "contact")]
    accept(home, "customers", "1", "crm", [{"customer_id": "1234"}, {"customer_id": "77.5"}])
    accept(home, "contacts", "1", "crm", [{"contact_id": "1234"}])
    accept(home, "customers", "3", "shop", [{"customer_id": "1234"}])
    accept(home, "contacts", "3", "shop", [{"contact_id": "1234"}])
    for night in (2, 3):
        run(home, night)
        run(home, night)  # a refresh identifies twice
        after = [keys(home, table, f"{table}_id") for table in ("customer", "contact")]
        for table, then, now in zip(("customer", "contact"), before, after, strict=True):
            log = duckdb.sql(told.replace("customer", table)).fetchall()
            assert log == [(2, "crm", "1234", then["crm", "1234.0"], now["crm", "1234"])]


@pytest.mark.parametrize("version", [{}, {"_version_at": "2026-06-20"}], ids=["without a version", "with one"])
def test_a_deletion_that_carries_its_key_alone_tears_nobody_away(home: Home, version: dict[str, str]) -> None:
    """Its orders stay with the customer, and its person is who he was; twice deleted, back, and deleted again."""
    both = {"name": "康宁医疗", "uscc": CODE_A, "_version_at": "2026-06-01"}
    wei = {"name": "王伟", "phone": "+8613800138000", "_version_at": "2026-06-01"}
    for source, record in (("crm", "a"), ("shop", "b")):
        accept(home, "customers", "1", source, [{"customer_id": record} | both])
        accept(home, "contacts", "1", source, [{"contact_id": record} | wei])
    run(home, 1)
    before = [keys(home, table, f"{table}_id") for table in ("customer", "contact")]
    gone = {"_is_deleted": True} | version
    for night in (2, 3):
        accept(home, "customers", str(night), "shop", [{"customer_id": "b"} | gone])
        accept(home, "contacts", str(night), "shop", [{"contact_id": "b"} | gone])
        run(home, night)
        assert [keys(home, table, f"{table}_id") for table in ("customer", "contact")] == before
    # back under another code it is somebody else, and deleted it stays that one
    accept(home, "customers", "4", "shop", [{"customer_id": "b", "uscc": CODE_B, "_version_at": "2026-06-22"}])
    run(home, 4)
    back = keys(home, "customer", "customer_id")
    assert back["shop", "b"] != back["crm", "a"] == before[0]["crm", "a"]
    accept(home, "customers", "5", "shop", [{"customer_id": "b", "_is_deleted": True, "_version_at": "2026-06-23"}])
    run(home, 5)
    assert keys(home, "customer", "customer_id") == back


def test_a_late_file_of_an_older_day_changes_nobody(home: Home) -> None:
    newer = {"contact_id": "1", "phone": "+8613800138000", "_version_at": "2026-06-02"}
    accept(home, "contacts", "1", "crm", [newer])
    run(home, 1)
    before = keys(home, "contact", "contact_id")
    accept(home, "contacts", "2", "crm", [newer | {"phone": "+8613900139000", "_version_at": "2026-06-01"}])
    run(home, 2)
    assert keys(home, "contact", "contact_id") == before


def test_the_key_is_kept_outside_the_warehouse_and_readable_by_its_owner_only(home: Home) -> None:
    key = contact_key(home)
    file = home.secrets / "contact.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert contact_key(home) == key
    accept(home, "contacts", "1", "crm", [{"contact_id": "1", "phone": "+8613800138000"}])
    run(home, 1)
    others = [path for path in home.dir.rglob("*") if path.is_file() and home.secrets not in path.parents]
    assert {path.name for path in others} >= {"crm.0.parquet", "contact_xref.parquet", "kept.duckdb"}
    assert all(key not in path.read_bytes() for path in others)
