"""Who is the same: certain rules, a keyed hash, and codes that stay from night to night."""

from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path

import duckdb
import pytest

from sales_warehouse import gate, identify
from sales_warehouse.contracts import load_contracts
from sales_warehouse.home import Home
from sales_warehouse.sql import ident, literal

CODE_A, CODE_B = "91110000802100433B", "91310000MA1FL0000X"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    return home


def _accept(home: Home, entity: str, load_id: str, source: str, rows: list[dict[str, object]]) -> None:
    """Write accepted rows as the gate would; columns that are not named are NULL."""
    schema = {name: kind for name, kind in load_contracts()[entity].schema.items() if name != "_load_id"}
    selects = []
    for number, row in enumerate(rows, 1):
        full = {"_source": source, "_row_number": number, **row}
        cells = ", ".join(
            f"cast({literal(full.get(name))} as {kind}) as {ident(name)}" for name, kind in schema.items()
        )
        selects.append(f"select {cells}")
    target = home.accepted / entity / f"_load_id={load_id}" / f"{source}.0.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"copy ({' union all '.join(selects)}) to {literal(str(target))} (format parquet)")


def _keys(home: Home, table: str, column: str) -> dict[tuple[str, str], str]:
    file = home.identity / f"{table}_xref.parquet"
    rows = duckdb.execute(f"select source, {column}, {table}_key from read_parquet({literal(str(file))})").fetchall()
    return {(source, record): key for source, record, key in rows}


@pytest.mark.parametrize("key", [b"short", b"k" * 64, b"a key that is longer than one block of the hash" * 3])
@pytest.mark.parametrize("text", ["", "phone:+8613800138000", "电话：一二三"])
def test_the_hash_in_sql_is_hmac_sha_256(key: bytes, text: str) -> None:
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    assert (
        duckdb.execute(f"select {identify.hmac_sql('t', key)} from (select ? as t)", [text]).fetchone()[0] == expected
    )


def test_a_shared_credit_code_makes_one_customer_over_sources(home: Home) -> None:
    _accept(home, "customers", "1", "crm", [{"customer_id": "a", "uscc": CODE_A}, {"customer_id": "b", "uscc": CODE_B}])
    _accept(home, "customers", "2", "shop", [{"customer_id": "9", "uscc": CODE_A}, {"customer_id": "8"}])
    found = identify.identify(home, 1)
    keys = _keys(home, "customer", "customer_id")
    assert keys["crm", "a"] == keys["shop", "9"]
    assert len(set(keys.values())) == found.customers == 3


def test_codes_stay_and_only_what_changed_is_marked(home: Home) -> None:
    _accept(home, "customers", "1", "crm", [{"customer_id": "a", "uscc": CODE_A}, {"customer_id": "b"}])
    identify.identify(home, 1)
    before = _keys(home, "customer", "customer_id")
    _accept(home, "customers", "2", "shop", [{"customer_id": "9", "uscc": CODE_A}])
    assert identify.identify(home, 2).changed == 1
    after = _keys(home, "customer", "customer_id")
    assert {record: after[record] for record in before} == before
    assert after["shop", "9"] == before["crm", "a"]
    assert identify.identify(home, 3).changed == 0


def test_a_record_that_leaves_its_group_does_not_take_the_code_along(home: Home) -> None:
    first = [{"customer_id": record, "uscc": CODE_A} for record in ("a", "b", "c")]
    _accept(home, "customers", "1", "crm", first)
    identify.identify(home, 1)
    before = _keys(home, "customer", "customer_id")
    _accept(home, "customers", "2", "crm", [{"customer_id": "a", "uscc": CODE_B}])
    identify.identify(home, 2)
    after = _keys(home, "customer", "customer_id")
    assert after["crm", "b"] == after["crm", "c"] == before["crm", "b"]
    assert after["crm", "a"] != after["crm", "b"]


def test_one_person_with_one_phone_is_one_contact(home: Home) -> None:
    rows = [
        {"contact_id": "1", "phone": "+8613800138000", "email": "x@a.cn"},
        {"contact_id": "2", "phone": "+8613800138000"},
        {"contact_id": "3", "email": "x@a.cn"},
        {"contact_id": "4"},
        {"contact_id": "5"},
    ]
    _accept(home, "contacts", "1", "crm", rows)
    identify.identify(home, 1)
    keys = _keys(home, "contact", "contact_id")
    assert keys["crm", "1"] == keys["crm", "2"]
    assert len(set(keys.values())) == 4


def test_a_late_file_of_an_older_day_changes_nobody(home: Home) -> None:
    newer = {"contact_id": "1", "phone": "+8613800138000", "_version_at": "2026-06-02"}
    _accept(home, "contacts", "1", "crm", [newer])
    identify.identify(home, 1)
    before = _keys(home, "contact", "contact_id")
    _accept(home, "contacts", "2", "crm", [newer | {"phone": "+8613900139000", "_version_at": "2026-06-01"}])
    identify.identify(home, 2)
    assert _keys(home, "contact", "contact_id") == before


def test_the_key_is_kept_outside_the_warehouse_and_readable_by_its_owner_only(home: Home) -> None:
    key = identify.contact_key(home)
    file = home.secrets / "contact.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert identify.contact_key(home) == key
    _accept(home, "contacts", "1", "crm", [{"contact_id": "1", "phone": "+8613800138000"}])
    identify.identify(home, 1)
    assert all(key not in path.read_bytes() for path in home.identity.rglob("*.parquet"))
