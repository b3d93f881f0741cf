"""What identity writes down reaches the marts as it is: each code in its place, by which rule, who said what, when."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from identity_records import AT, CODE_A, accept, keys, run
from lone_models import rows_of

from sales_warehouse import gate
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions
from sales_warehouse.identity.records import CONTACTS, CUSTOMERS

MARRIED = {"by": "Li Na", "why": "asked them", "at": datetime(2026, 7, 1, 9)}
PARTED = {"by": "Wang Wei", "why": "two invoices", "at": datetime(2026, 7, 2, 9)}
UNDONE = {"by": "Zhao Min", "why": "mixed up", "at": datetime(2026, 7, 3, 9)}
FILES = ("customer_xref", "contact_xref", "customer_log", "contact_log", "customer_review", "decisions")
STAGED = ("customers", "contacts", "customer_changes", "contact_changes", "customer_review", "decisions")


def read(db: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Stage the files of identity, and make of them what the marts stand on."""
    for name in FILES:
        db.execute(f"create view identity_{name} as from '{home.identity / name}.parquet'")
    for name in STAGED:
        rows_of(db, f"stg_identity__{name}", "1")
    for entity in (CUSTOMERS, CONTACTS):
        db.execute(f"""
            create table int_{entity.name}_identified as
            select source || ':' || {entity.id} as {entity.one}_record_key, source, {entity.id}, {entity.key},
                'name of ' || {entity.id} as {entity.one}_name, false as is_deleted
            from stg_identity__{entity.name}""")


def test_codes_changes_decisions_and_pairs_that_wait_are_published_as_they_were_told(tmp_path: Path) -> None:
    """2 is split off from 1 and merged with 4, which has the code of 1 a night later; a man gets a telephone."""
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    first, second, third = (AT + timedelta(days=night) for night in (1, 2, 3))
    old = {"customer_id": "1", "uscc": CODE_A, "created_at": "2020-01-01"}
    wei, phone = {"name": "王伟"}, {"phone": "+8613800138000"}
    accept(home, "customers", "1", "crm", [old, {"customer_id": "4"}])
    accept(home, "customers", "1", "shop", [{"customer_id": "2", "uscc": CODE_A}])
    accept(home, "contacts", "1", "crm", [{"contact_id": "a"} | wei | phone])
    run(home, 1)
    customers, person = keys(home, "customer", "customer_id"), keys(home, "contact", "contact_id")["crm", "a"]
    one, four = customers["crm", "1"], customers["crm", "4"]
    split = decisions.split(home, ["shop:2"], **PARTED)
    accept(home, "contacts", "2", "shop", [{"contact_id": "b"} | wei])
    run(home, 2)
    two, other = keys(home, "customer", "customer_id")["shop", "2"], keys(home, "contact", "contact_id")["shop", "b"]
    assert len({one, two, four}) == 3 and person != other
    merge = decisions.merge(home, ["shop:2", "crm:4"], **MARRIED)
    mistaken = decisions.merge(home, ["crm:a", "shop:b"], entity=CONTACTS, **MARRIED)
    decisions.undo(home, mistaken.decision_id, entity=CONTACTS, **UNDONE)
    accept(home, "customers", "3", "crm", [{"customer_id": "4", "uscc": CODE_A}])
    accept(home, "contacts", "3", "shop", [{"contact_id": "b"} | wei | phone])
    run(home, 3)
    with duckdb.connect() as db:
        read(db, home)
        records = rows_of(db, "dim_customer_records", "customer_record_key, customer_key, match_rule, since")
        assert records == [
            ("crm:1", one, "credit_code", first),
            ("crm:4", one, "credit_code", third),
            ("shop:2", two, "decision", second),
        ]
        assert rows_of(db, "dim_contact_records", "contact_record_key, contact_key, match_rule, since") == [
            ("crm:a", person, "phone", first), ("shop:b", person, "phone", third),
        ]  # fmt: skip
        changes = "entity, source, record_key, old_key, new_key, match_rule, probability_rate, changed_at"
        assert rows_of(db, "trust_identity_changes", changes) == [
            ("contact", "shop", "shop:b", other, person, "phone", None, third),
            ("customer", "crm", "crm:4", four, one, "credit_code", None, third),
            ("customer", "shop", "shop:2", one, two, "decision", None, second),
        ]
        assert [row[:7] for row in rows_of(db, "trust_identity_review", "*")] == [
            ("shop:2", two, "name of 2", "crm:1", one, "name of 1", "decisions")
        ]
        told = rows_of(db, "trust_identity_decisions", "*")
    parted, married, undone = (tuple(said.values()) for said in (PARTED, MARRIED, UNDONE))
    nobody = (None, None, None)
    assert sorted(told, key=str) == sorted(
        [
            ("customer", split.decision_id, "split", "shop:2", True, *parted, *nobody),
            ("customer", split.decision_id, "split", "crm:1", False, *parted, *nobody),
            ("customer", merge.decision_id, "merge", "crm:4", False, *married, *nobody),
            ("customer", merge.decision_id, "merge", "shop:2", False, *married, *nobody),
            ("contact", mistaken.decision_id, "merge", "crm:a", False, *married, *undone),
            ("contact", mistaken.decision_id, "merge", "shop:b", False, *married, *undone),
        ],
        key=str,
    )
