"""What is said of a person with several records: by the record that changed last, and by those that know anything."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from lone_models import rows_of

CRM, SHOP = "crm:1", "shop:1"


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    """One person in the CRM since 2019, at X, and in the shop since 2023."""
    with duckdb.connect() as connection:
        connection.execute("""
            create table accepted_contacts (_source varchar, contact_id varchar, customer_id varchar, name varchar,
                title varchar, role varchar, created_at timestamp, _is_deleted boolean, _version_at timestamp,
                _load_id varchar, _file varchar, _row_number bigint, _is_ended boolean);
            insert into accepted_contacts values
                ('crm', '1', 'crm:x', '王伟', null, 'decision_maker', '2019-03-01', false, null, 'l', 'f', 1, false),
                ('shop', '1', 'crm:x', '王先生', 'CEO', 'unknown', '2023-05-01', false, null, 'l', 'f', 2, false);
            create table stg_identity__contacts as select *, 'p' as contact_key
                from (values ('crm', '1'), ('shop', '1')) t(source, contact_id);
            create table stg_identity__contacts_rekeyed (source varchar, contact_id varchar, changed_batch bigint);
            create table int_customers_identified as
                from (values ('crm:x', 'X'), ('crm:y', 'Y')) t(customer_record_key, customer_key);
            create table stg_settings__survivorship (attribute varchar, survivorship_rule varchar, source varchar,
                source_rank integer);
        """)
        yield connection


def person(db: duckdb.DuckDBPyConnection) -> tuple:
    rows_of(db, "stg_accepted__contacts", "1")
    db.execute("""create or replace table int_contacts_deduplicated as
        select *, _load_id as _changed_load_id from stg_accepted__contacts""")
    rows_of(db, "int_contacts_identified", "1")
    rows_of(db, "int_contact_values_survived", "1")
    found = rows_of(db, "dim_contacts", "contact_key, customer_key, contact_name, title, contact_role, is_deleted")
    [known] = [row[1:] for row in found if row[0] == "p"]
    return known


def test_a_newer_record_that_knows_no_role_takes_none_away(db: duckdb.DuckDBPyConnection) -> None:
    assert person(db) == ("X", "王先生", "CEO", "decision_maker", False)


def test_who_changes_employer_in_an_old_record_works_there(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("update accepted_contacts set customer_id = 'crm:y', _version_at = '2026-06-24' where _source = 'crm'")
    assert person(db) == ("Y", "王伟", "CEO", "decision_maker", False)
    db.execute("update accepted_contacts set _version_at = '2026-06-25' where _source = 'shop'")
    assert person(db)[0] == "X"  # the shop says so a day later


def test_the_golden_record_of_a_person_takes_what_the_preferred_source_says(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("""insert into stg_settings__survivorship values
        ('contact_name', 'newest', null, null), ('contact_name', 'newest', 'crm', 1)""")
    assert person(db) == ("X", "王伟", "CEO", "decision_maker", False)
    told = rows_of(db, "dim_contact_values", "attribute, contact_record_key, survivorship_rule, record_count")
    assert told == [
        ("contact_name", CRM, "newest", 2), ("contact_role", CRM, "newest", 1), ("customer_key", SHOP, "newest", 2),
        ("title", SHOP, "newest", 1),
    ]  # fmt: skip
