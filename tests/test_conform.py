"""Conform: ids that name records of other rows say whose they are; every other id stays as it came."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from written_company import files_source, write_company

from sales_warehouse import contracts
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.conform import compile_mapping
from sales_warehouse.conformed import mappings_mark
from sales_warehouse.contracts import Column, Contract, load_contracts
from sales_warehouse.normalise import Normalisers

CRM = files_source(
    "crm",
    """\
tables:
  people: {files: "*.csv", format: csv, columns: [no, boss]}
mappings:
  - entity: sales_reps
    from: people
    columns: {rep_id: no, manager_rep_id: boss}
""",
)
VISITS = files_source(
    "visits",
    """\
tables:
  sheet: {files: "*.csv", format: csv, columns: [no, seller, buyer, person]}
mappings:
  - entity: visits
    from: sheet
    columns:
      visit_id: no
      rep_id: {from: seller, of: crm}
      customer_id: {from: buyer, of: crm}
      contact_id: person
""",
)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return load_company(write_company(tmp_path, crm=CRM, visits=VISITS))


def conformed(company: Company, source: str, columns: str, rows: str) -> list[tuple]:
    """Return columns of the first mapping of a source over rows of its table, given as the text of VALUES."""
    of = company.sources[source]
    mapping = of.mappings[0]
    names = ", ".join(of.tables[mapping.table].columns)
    with duckdb.connect() as connection:
        Normalisers.of(company).register(connection)
        connection.execute(
            f"create table {mapping.table} as "
            f"select *, null as _malformed, null as _deleted, 'f' as _file, 1 as _row_number "
            f"from (values {rows}) as t ({names})"
        )
        select = compile_mapping(company, of, mapping).select
        return connection.execute(f"select {columns}, _faults from ({select}) order by all").fetchall()


def test_a_visit_names_the_seller_and_the_customer_of_the_crm(company: Company) -> None:
    ids = "visit_id, rep_id, customer_id, contact_id, opportunity_id"
    assert conformed(company, "visits", ids, "('V1', ' S1 ', 'A1', 'P1'), ('V2', '', null, null)") == [
        ("V1", "crm:S1", "crm:A1", "visits:P1", None, None),
        ("V2", None, None, None, None, None),  # nobody is named: there is no key of nothing
    ]


def test_a_column_that_nobody_maps_is_null_and_costs_nothing(company: Company) -> None:
    of = company.sources["visits"]
    assert conformed(company, "visits", "started_at, purpose", "('V1', 'S1', 'A1', 'P1')") == [(None, None, None)]
    assert "r_started_at" not in compile_mapping(company, of, of.mappings[0]).select


def test_a_row_is_as_new_as_its_mapping_says(tmp_path: Path) -> None:
    told = CRM.replace("    from: people\n", "    from: people\n    version: \"boss || ' 00:00:00'\"\n")
    company = load_company(write_company(tmp_path, crm=told))
    found = conformed(company, "crm", "rep_id, _version_at::varchar", "('S1', '2026-01-05'), ('S2', 'never')")
    fault = [{"column": "_version_at", "value": "never 00:00:00"}]
    assert found == [("S1", "2026-01-04 16:00:00", None), ("S2", None, fault)]


def test_an_id_that_lost_its_last_digits_names_nobody(company: Company) -> None:
    ids = ("1.23457E+18", "1E5", "A+1.5", "1e+16", "-1.0000000000000000e+16", "2.0261130001E10", "1.0E7", "2.5E-3")
    rows = conformed(company, "crm", "rep_id", ", ".join(f"('{told}', 'S0')" for told in ids))
    assert sorted(rows) == [
        ("-1.0000000000000000e+16", [{"column": "rep_id", "value": "-1.0000000000000000e+16"}]),
        ("1.0E7", [{"column": "rep_id", "value": "1.0E7"}]),
        ("1.23457E+18", [{"column": "rep_id", "value": "1.23457E+18"}]),
        ("1E5", None),
        ("1e+16", [{"column": "rep_id", "value": "1e+16"}]),
        ("2.0261130001E10", [{"column": "rep_id", "value": "2.0261130001E10"}]),
        ("2.5E-3", None),
        ("A+1.5", None),
    ]


def test_the_number_by_which_others_know_an_order_is_an_id_too(tmp_path: Path) -> None:
    told = files_source(
        "shop",
        "tables: {sales: {files: '*.csv', format: csv, columns: [no, number]}}\n"
        "mappings: [{entity: orders, from: sales, columns: {order_id: no, order_number: number}}]\n",
    )
    company = load_company(write_company(tmp_path, shop=told))
    rows = conformed(company, "shop", "order_number", "('1', '1.23457E+17'), ('2', 'A-0012')")
    assert sorted(rows) == [
        ("1.23457E+17", [{"column": "order_number", "value": "1.23457E+17"}]),
        ("A-0012", None),
    ]


def test_an_amount_is_plain_digits_whatever_stands_around_it(tmp_path: Path) -> None:
    told = files_source(
        "shop",
        """\
tables: {lines: {files: "*.csv", format: csv, columns: [no, line, count]}}
mappings:
  - {entity: order_lines, from: lines, columns: {order_id: no, line_number: line, unit_price_amount: count}}
""",
    )
    company = load_company(write_company(tmp_path, shop=told))
    texts = ("'\x0b1e5'", "'\x0c1_000'", "' 1E5'", "'１e５'", "'\x0b5'")
    found = conformed(company, "shop", "unit_price_amount", ", ".join(f"('O1', '1', {text})" for text in texts))
    assert sorted(str(value) for value, _ in found) == ["5.0000", "None", "None", "None", "None"]
    assert sum(faults is not None for _, faults in found) == 4


def test_a_goal_may_be_a_year_of_sales_in_dong(tmp_path: Path) -> None:
    told = files_source(
        "plan",
        """\
tables: {goals: {files: "*.csv", format: csv, columns: [no, aim]}}
mappings: [{entity: targets, from: goals, columns: {target_id: no, target_value: aim}}]
""",
    )
    company = load_company(write_company(tmp_path, plan=told))
    rows = "('1', '12345678901234567.8901'), ('2', '123456789012345678'), ('3', '0.12345')"
    fault = [{"column": "target_value", "value": "123456789012345678"}]
    assert conformed(company, "plan", "target_id, target_value::varchar", rows) == [
        ("1", "12345678901234567.8901", None),
        ("2", None, fault),
        ("3", None, [{"column": "target_value", "value": "0.12345"}]),
    ]


def test_a_nul_that_a_database_gave_is_a_fault(company: Company) -> None:
    (found,) = conformed(company, "crm", "rep_id", "('S' || chr(0) || '1', 'S0')")
    assert found == ("S\x001", [{"column": "rep_id", "value": "S\x001"}])


def test_a_seller_has_the_key_that_the_visit_names(company: Company) -> None:
    rows = conformed(company, "crm", "rep_id, manager_rep_id", "('S1', 'S0')")
    assert rows == [("S1", "crm:S0", None)]  # the own id stays as it came, its key is crm:S1


def test_another_owner_of_an_id_is_another_statement(company: Company) -> None:
    source = company.sources["visits"]
    mapping = source.mappings[0]
    plain = {name: column.model_copy(update={"of": None}) for name, column in mapping.columns.items()}
    before = compile_mapping(company, source, mapping).select
    assert before != compile_mapping(company, source, mapping.model_copy(update={"columns": plain})).select


def test_another_mapping_is_another_mark_and_another_folder_is_not(company: Company, tmp_path: Path) -> None:
    mark = mappings_mark(company)
    for name in ("same", "other"):
        (tmp_path / name).mkdir()
    same = write_company(tmp_path / "same", crm=CRM, visits=VISITS.replace('"*.csv"', '"*.txt"'))
    assert mappings_mark(load_company(same)) == mark
    other = write_company(tmp_path / "other", crm=CRM, visits=VISITS.replace("contact_id: person\n", ""))
    assert mappings_mark(load_company(other)) != mark


def test_only_a_stock_count_is_named_by_records_of_others() -> None:
    named = {(c.entity, column) for c in load_contracts().values() for column in c.references}
    assert ("visits", "rep_id") in named and ("orders", "opportunity_id") in named
    keys = named & {(c.entity, column) for c in load_contracts().values() for column in c.key}
    assert keys == {("dealer_inventory", "dealer_id"), ("dealer_inventory", "product_id")}


@pytest.mark.parametrize(
    ("name", "kind", "entity", "said"),
    [
        ("line_number", "integer", "orders", "must be a text"),
        ("product_id", "text", "prodcts", "'prodcts', which is no entity"),
    ],
)
def test_a_reference_that_cannot_hold_is_refused(name: str, kind: str, entity: str, said: str) -> None:
    columns = {"order_id": Column("order_id", "text", "", ""), name: Column(name, kind, "", "", entity)}
    contract = Contract("orders", "", "", ("order_id",), columns)
    with pytest.raises(ValueError, match=said):
        contracts._check_references([contract])
