"""A row may say that its record is gone: only its key has to be right, and nothing that it says is lost."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from written_company import write_company

from sales_warehouse import conformed, corrections, gate
from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.corrections import Cell, Correction
from sales_warehouse.gate import Gated
from sales_warehouse.home import Home
from sales_warehouse.identity.records import latest
from sales_warehouse.landing import land, loads

CRM = """\
source: crm
label: {en: CRM, zh: 客户关系管理}
owner: data
expected_within_hours: 24
connection: {type: files, path: crm}
tables:
  orders: {files: "*.csv", format: csv, columns: [no, buyer, state, at, changed, gone]}
mappings:
  - entity: orders
    from: orders
    deleted: "gone = '1'"
    columns:
      order_id: no
      customer_id: buyer
      status: {from: state, values: {open: placed, done: paid}}
      channel: "'phone'"
      currency: "'CNY'"
      ordered_at: at
      updated_at: changed
"""
READ_AT = datetime.datetime(2026, 6, 28, 18)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_company(tmp_path, crm=CRM)


@pytest.fixture
def gated(folder: Path) -> Callable[[str], tuple[Gated, Home]]:
    """Bring rows of the orders, given as lines of CSV, through the gate."""
    home = Home(folder / "var", "small")

    def run(rows: str) -> tuple[Gated, Home]:
        company = load_company(folder)
        source = company.sources["crm"]
        (folder / "crm").mkdir()
        (folder / "crm" / "one.csv").write_text(f"no,buyer,state,at,changed,gone\n{rows}", encoding="utf-8")
        report = land(
            home, source, company_folder=folder, extracted_at=READ_AT, latest_moment=READ_AT,
            environment={}, on_progress=lambda _: None,
        )  # fmt: skip
        assert report.load
        return judged(home, folder), home

    return run


def judged(home: Home, folder: Path) -> Gated:
    """Map and judge the load that landed, as the company says today."""
    company, (load,) = load_company(folder), loads(home, "crm")
    conformed.conform_load(home, company, company.sources["crm"], load, lambda _: None)
    (outcome,), _ = gate.gate_load(home, company, company.sources["crm"], load, lambda _: None, at=load.extracted_at)
    return outcome


def accepted(outcome: Gated, home: Home, columns: str) -> list[tuple]:
    file = gate.accepted_file(home, outcome.batch)
    return duckdb.sql(f"select {columns} from read_parquet('{file}') order by 1").fetchall()


def test_a_deletion_needs_its_key_and_nothing_else(gated: Callable[[str], tuple[Gated, Home]]) -> None:
    outcome, home = gated(
        "1,C1,open,2026-06-01 09:00:00,2026-06-01 09:00:00,0\n2,,,,,1\n3,C1,no such state,never,2026-06-02 09:00:00,1\n"
    )
    assert (outcome.accepted, outcome.quarantined) == (3, 0)
    assert accepted(outcome, home, "order_id, _is_deleted, ordered_at is null") == [
        ("1", False, False),
        ("2", True, True),
        ("3", True, True),
    ]


def test_the_same_row_without_the_mark_is_refused(gated: Callable[[str], tuple[Gated, Home]]) -> None:
    outcome, _ = gated("3,C1,no such state,never,2026-06-02 09:00:00,0\n")
    assert (outcome.accepted, outcome.quarantined) == (0, 1)


def test_a_deletion_without_its_key_goes_to_quarantine(gated: Callable[[str], tuple[Gated, Home]]) -> None:
    outcome, home = gated(",C1,open,2026-06-01 09:00:00,2026-06-01 09:00:00,1\n4,,,,,1\n")
    assert (outcome.accepted, outcome.quarantined) == (1, 1)
    assert [reason["rule"] for reason in outcome.reasons] == ["deleted_without_key"]
    file = gate.quarantine_file(home, outcome.batch)
    assert duckdb.sql(f"select raw from read_parquet('{file}')").fetchall()[0][0].count("C1") == 1


def test_a_deletion_without_a_time_gets_none(gated: Callable[[str], tuple[Gated, Home]]) -> None:
    outcome, home = gated("1,,,,,1\n2,,,,2026-06-02 09:00:00,1\n3,C1,open,2026-06-01 09:00:00,,0\n4,,,,never,1\n")
    then = datetime.datetime(2026, 6, 2, 1)
    assert accepted(outcome, home, "order_id, updated_at, _version_at") == [
        ("1", None, None),
        ("2", then, then),
        ("3", None, None),
        ("4", None, None),
    ]


def test_what_the_mapping_calls_the_version_counts_before_the_column_of_the_contract(
    folder: Path, gated: Callable[[str], tuple[Gated, Home]]
) -> None:
    (folder / "sources" / "crm.yml").write_text(CRM.replace("    columns:\n", "    version: at\n    columns:\n"))
    outcome, home = gated("1,C1,open,2026-06-01 09:00:00,2026-06-02 09:00:00,0\n")
    first, second = datetime.datetime(2026, 6, 1, 1), datetime.datetime(2026, 6, 2, 1)
    assert accepted(outcome, home, "_version_at, updated_at") == [(first, second)]


@pytest.mark.parametrize(
    ("version", "column"),
    [("", "updated_at"), ("    version: changed\n", "_version_at")],
    ids=["by the column of the contract", "as the mapping calls it"],
)
def test_a_version_of_the_future_waits_instead_of_hiding_every_later_change(
    folder: Path, gated: Callable[[str], tuple[Gated, Home]], version: str, column: str
) -> None:
    """A deletion needs its key and nothing else to be right; but in 2099 nobody could bring the record back."""
    (folder / "sources" / "crm.yml").write_text(CRM.replace("    columns:\n", f"{version}    columns:\n"))
    outcome, home = gated(
        "1,C1,open,2026-06-01,2026-06-02,0\n1,,,,2099-01-01,1\n2,C2,open,2026-06-01,2026-06-02,0\n"
        "2,C3,done,2026-06-01,2099-01-01,0\n3,,,,2026-06-29 02:59:59,1\n"
    )
    assert (outcome.accepted, outcome.quarantined, outcome.dirty) == (3, 2, 2)
    reasons = {reason["rule"] for reason in outcome.reasons}
    assert "version_not_in_future" in reasons and {reason["column_name"] for reason in outcome.reasons} >= {column}
    found = duckdb.sql(f"select order_id, customer_id from ({latest(home, 'orders', 'order_id')}) order by 1")
    assert found.fetchall() == [("1", "crm:C1"), ("2", "crm:C2"), ("3", None)]
    company, (load,) = load_company(folder), loads(home, "crm")
    stand = [
        gate.stands(home, company, company.sources["crm"], load, at=at)
        for at in (READ_AT, datetime.datetime(2099, 1, 2))
    ]
    assert stand == [True, False], "judged anew when its moment is past, and no sooner"
    cells = [Cell("crm", load.load_id, "orders", load.files[0].origin, row, "changed") for row in (2, 4)]
    said = [Correction(cell, "2099-01-01", "2026-06-03", by="Li", why="a typo", at=f"{READ_AT}") for cell in cells]
    corrections.take(home, said)
    outcome = judged(home, folder)
    assert (outcome.accepted, outcome.quarantined, outcome.dirty) == (5, 0, 2), "a row that was corrected came dirty"


ENDS = {
    "made again with an earlier time": ("1,C1,open,AT,2026-06-05,0\n1,,,,,1\n1,C2,open,AT,2026-06-02,0\n", "crm:C2"),
    "made again without a time": ("1,C1,open,AT,2026-06-05,0\n1,,,,,1\n1,C2,open,AT,,0\n", "crm:C2"),
    "made again, then deleted": ("1,,,,,1\n1,C1,open,AT,2026-06-05,0\n1,,,,,1\n", None),
    "deleted with a time, then older": ("1,,,,2026-06-05,1\n1,C1,open,AT,2026-06-02,0\n", None),
    "deleted with a time, then newer": ("1,,,,2026-06-05,1\n1,C1,open,AT,2026-06-06,0\n", "crm:C1"),
}


@pytest.mark.parametrize(("rows", "standing"), ENDS.values(), ids=ENDS.keys())
def test_a_record_ends_so(gated: Callable[[str], tuple[Gated, Home]], rows: str, standing: str | None) -> None:
    _, home = gated(rows.replace("AT", "2026-06-01"))
    found = duckdb.sql(f"select customer_id, _is_deleted from ({latest(home, 'orders', 'order_id')})").fetchall()
    assert found == [(standing, standing is None)]


@pytest.mark.parametrize(
    ("rows", "wrong_row", "is_gone"),
    [
        ("1,C1,what,2026-06-01,2026-06-09,0\n1,,,,,1\n", 1, True),
        ("1,,,,,1\n1,C1,what,2026-06-01,2026-06-09,0\n", 2, False),
    ],
    ids=["before the deletion: it is gone all the same", "after the deletion: it is back"],
)
def test_a_row_that_is_corrected_takes_the_place_in_which_it_came(
    folder: Path, gated: Callable[[str], tuple[Gated, Home]], rows: str, wrong_row: int, is_gone: bool
) -> None:
    outcome, home = gated(rows)
    assert (outcome.accepted, outcome.quarantined) == (1, 1)
    cell = Cell("crm", outcome.batch.load_id, "orders", loads(home, "crm")[0].files[0].origin, wrong_row, "state")
    corrections.take(home, [Correction(cell, "what", "open", by="Li", why="misspelt", at=f"{READ_AT}")])
    outcome = judged(home, folder)
    assert (outcome.accepted, outcome.quarantined) == (2, 0)
    assert duckdb.sql(f"select _is_deleted from ({latest(home, 'orders', 'order_id')})").fetchall() == [(is_gone,)]


def test_a_mark_that_cannot_be_read_is_named_before_anything_runs(folder: Path) -> None:
    (folder / "sources" / "crm.yml").write_text(CRM.replace("gone = '1'", "gnoe = '1'"), encoding="utf-8")
    with pytest.raises(CompanyError, match=r"deleted: .*gnoe"):
        load_company(folder)
