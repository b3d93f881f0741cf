"""Checks across the files of a company: names that must exist elsewhere, and SQL that must bind."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache

import duckdb

from sales_warehouse import settings
from sales_warehouse.company.bounds import Fact
from sales_warehouse.company.check_alerts import check_alerts
from sales_warehouse.company.check_calendar import check_calendar
from sales_warehouse.company.check_dealers import check_dealers
from sales_warehouse.company.check_lifecycle import check_lifecycle
from sales_warehouse.company.check_needs import check_needs
from sales_warehouse.company.check_playbooks import playbook_problems
from sales_warehouse.company.check_regions import check_regions
from sales_warehouse.company.check_segments import check_segments
from sales_warehouse.company.check_targets import check_targets
from sales_warehouse.company.load import Document, Problem, suggestion
from sales_warehouse.company.models import Company, FilesConnection, Source, Survivorship
from sales_warehouse.company.models import Mapping as SourceMapping
from sales_warehouse.company.webhooks import SPOOL
from sales_warehouse.conform import raw_text
from sales_warehouse.contracts import VERSION, Contract, load_contracts
from sales_warehouse.extract.parquet import ADDED, LANDED, RESERVED
from sales_warehouse.metrics import metrics_of, registry, wrong_changes
from sales_warehouse.normalise import READERS
from sales_warehouse.sql import ident

TABLE_NAME = re.compile(r"(?![\s.])[^\x00-\x1f\x7f/\\*?\[\]=]+")  # a folder of landing is called so


def check_company(company: Company, documents: Mapping[str, Document]) -> list[Problem]:
    """Return every mistake that no single file shows."""
    facts = lifecycle_facts()
    problems = [*_reconciled(company, documents), *_golden_record(company, documents)]
    problems += check_lifecycle(company.lifecycle, documents["lifecycle"], facts)
    if "alerts" in documents:
        problems += check_alerts(company, documents["alerts"], metrics_of(company.metrics))
    if "calendar" in documents:
        problems += check_calendar(company, documents["calendar"])
    if "segments" in documents:
        problems += check_segments(company, documents["segments"], facts, customer_attributes())
    if "metrics" in documents:
        problems += [documents["metrics"].problem(text, *path) for path, text in wrong_changes(company.metrics)]
    if "targets" in documents:
        problems += check_targets(company.targets, documents["targets"], registry())
    if "needs" in documents:
        problems += check_needs(company.needs, documents["needs"])
    if "playbooks" in documents:
        problems += playbook_problems(company, documents)
    problems += [*check_dealers(company, documents), *check_regions(company, documents)]
    if company.demo:
        from sales_warehouse.demo.possible import impossible  # the demo is there for companies that have none

        problems += [documents["demo"].problem(text, *path) for path, text in impossible(company.demo)]
    for name, source in company.sources.items():
        taken = list(_table_names(source, documents[f"sources/{name}"]))
        taken += _reserved_columns(source, documents[f"sources/{name}"])
        problems += _spool(company, source, documents[f"sources/{name}"])
        problems += taken or _mappings(company, source, documents[f"sources/{name}"])
    return problems


def _golden_record(company: Company, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Find sources that are to speak for a customer and that there are not."""
    golden = company.identity.golden_record
    rules: list[tuple[tuple[str, ...], Survivorship]] = [((), golden)]
    rules += [(("attributes", name), rule) for name, rule in golden.attributes.items()]
    for path, rule in rules:
        for place, source in enumerate(rule.prefer):
            if source not in company.sources:
                text = f"unknown source{suggestion(source, company.sources)}"
                yield documents["identity"].problem(text, "golden_record", *path, "prefer", place)


def _table_names(source: Source, document: Document) -> Iterator[Problem]:
    for name in source.tables:
        if not TABLE_NAME.fullmatch(name):
            text = f"{name!r} is no name of a table: it begins with . or a space, or has / \\ * ? [ ] = or a line end"
            yield document.problem(text, "tables", name)


def _reserved_columns(source: Source, document: Document) -> Iterator[Problem]:
    for name, table in source.tables.items():
        taken = [column for column in (*table.columns, table.cursor or "") if column.casefold() in (*RESERVED, *ADDED)]
        if taken:
            text = f"{taken[0]!r} is a name that the warehouse keeps for itself; let the source give it another name"
            yield document.problem(text, "tables", name, "columns")


@cache
def lifecycle_facts() -> dict[str, Fact]:
    """Return the facts about a customer that lifecycle rules and segments may ask for."""
    return {row["fact"]: _fact(row) for row in _seed("lifecycle_facts")}


@cache
def customer_attributes() -> dict[str, str]:
    """Return the attributes of a customer that segments may ask for, with their types."""
    return {row["attribute"]: row["type"] for row in _seed("customer_attributes")}


def _fact(row: dict[str, str]) -> Fact:
    low, high = float(row["minimum"] or "-inf"), float(row["maximum"] or "inf")
    return Fact(row["fact"], low, high, row["is_whole"] == "true", row["is_always_known"] == "true")


def _seed(name: str) -> list[dict[str, str]]:
    with (settings.PROJECT / "dbt_project" / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _reconciled(company: Company, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Both sides of a reconciliation are sources with orders, and fill the column that carries the shared number."""
    for position, rule in enumerate(company.reconciliation.orders):
        for name, side in (("left", rule.left), ("right", rule.right)):
            place = ("orders", position, name)
            source = company.sources.get(side.source)
            mapped = [mapping.columns for mapping in source.mappings if mapping.entity == "orders"] if source else []
            if source is None:
                text = f"unknown source{suggestion(side.source, company.sources)}"
                yield documents["reconciliation"].problem(text, *place, "source")
            elif not mapped:
                text = f"the source {side.source!r} maps no orders, so there is nothing to compare"
                yield documents["reconciliation"].problem(text, *place, "source")
            elif not any(side.number in columns for columns in mapped):
                text = (
                    f"no mapping of orders in sources/{side.source}.yml fills {side.number!r}; map it, or name another"
                )
                yield documents["reconciliation"].problem(text, *place, "number")


def _spool(company: Company, source: Source, document: Document) -> Iterator[Problem]:
    """A source that reads what the collector received names one of its endpoints."""
    connection = source.connection
    if isinstance(connection, FilesConnection) and connection.path.startswith(SPOOL):
        endpoint = connection.path.removeprefix(SPOOL).partition("/")[0]
        names = [item.name for item in company.webhooks.endpoints]
        if endpoint not in names:
            text = f"unknown endpoint of webhooks.yml{suggestion(endpoint, names)}"
            yield document.problem(text, "connection", "path")


def _mappings(company: Company, source: Source, document: Document) -> list[Problem]:
    problems = []
    for position, mapping in enumerate(source.mappings):
        names = list(_mapping_names(source, mapping, document, position))
        names += _mapping_owners(company, mapping, document, position)
        problems += names or list(_mapping_sql(source, mapping, document, position))
    return problems


def _mapping_names(source: Source, mapping: SourceMapping, document: Document, at: int) -> Iterator[Problem]:
    contracts = load_contracts()
    if mapping.entity not in contracts:
        text = f"unknown channel entity{suggestion(mapping.entity, contracts)}"
        yield document.problem(text, "mappings", at, "entity")
        return
    contract = contracts[mapping.entity]
    if mapping.table not in source.tables:
        yield document.problem(f"unknown table{suggestion(mapping.table, source.tables)}", "mappings", at, "from")
    elif mapping.each:
        yield from _mapping_elements(source.tables[mapping.table].columns, mapping.each, document, at)
    for number, join in enumerate(mapping.joins):
        if join.table not in source.tables:
            text = f"unknown table{suggestion(join.table, source.tables)}"
            yield document.problem(text, "mappings", at, "joins", number, "table")
    for column in mapping.columns:
        if column not in contract.columns:
            text = f"unknown column of {mapping.entity}{suggestion(column, contract.columns)}"
            yield document.problem(text, "mappings", at, "columns", column)
    yield from _mapping_readers(contract, mapping, document, at)
    for column in contract.key:
        if column not in mapping.columns:
            text = f"the key column {column!r} of {mapping.entity} is not mapped"
            yield document.problem(text, "mappings", at, "columns")


def _mapping_readers(contract: Contract, mapping: SourceMapping, document: Document, at: int) -> Iterator[Problem]:
    """What reads a text has to give what the column holds, or the value would be cast, and changed by that."""
    columns = contract.columns | {VERSION.name: VERSION}
    for name, asked in mapping.made.items():
        readers = READERS.get(columns[name].type) if name in columns else None
        if asked.normalise and readers and asked.normalise not in readers:
            place = ("version",) if name == VERSION.name else ("columns", name)
            text = (
                f"{name!r} of {mapping.entity} holds {columns[name].sql_type}, which {asked.normalise!r} does not "
                f"make; allowed: {', '.join(readers)}"
            )
            yield document.problem(text, "mappings", at, *place, "normalise")


def _mapping_elements(columns: tuple[str, ...], each: str, document: Document, at: int) -> Iterator[Problem]:
    if each not in columns:
        yield document.problem(f"unknown column{suggestion(each, columns)}", "mappings", at, "each")
    for name in ("item", "item_number"):
        if name in columns:
            text = f"the table has a column {name!r} of its own, and `each` makes one; map the list from another table"
            yield document.problem(text, "mappings", at, "each")


def _mapping_owners(company: Company, mapping: SourceMapping, document: Document, at: int) -> Iterator[Problem]:
    """Only a column that names another record may say whose id it holds, and the owner must be a source."""
    contract = load_contracts().get(mapping.entity)
    for name, column in mapping.columns.items():
        if contract is None or column.of is None or name not in contract.columns:
            continue
        place = ("mappings", at, "columns", name, "of")
        if name not in contract.references:
            allowed = ", ".join(contract.references) or "none"
            text = f"{name!r} of {mapping.entity} names no record of another row. Columns that may say `of`: {allowed}"
            yield document.problem(text, *place)
        elif column.of not in company.sources:
            yield document.problem(f"unknown source{suggestion(column.of, company.sources)}", *place)


def _mapping_sql(source: Source, mapping: SourceMapping, document: Document, at: int) -> Iterator[Problem]:
    """Bind every expression against empty tables, with files and settings out of its reach."""
    with duckdb.connect(config={"enable_external_access": False}) as connection:
        for table in {mapping.table, *(join.table for join in mapping.joins)}:
            columns = [*source.tables[table].columns, *LANDED]
            listed = ", ".join(f"{ident(column)} varchar" for column in columns)
            if mapping.each and table == mapping.table:
                listed += ", item json, item_number bigint"
            connection.execute(f"create table {ident(table)} ({listed})")
        connection.execute("set lock_configuration = true")
        relation = ident(mapping.table)
        for number, join in enumerate(mapping.joins):
            relation += f" left join {ident(join.table)} on {join.on}"
            if message := _bind(connection, f"select 1 from {relation}"):
                yield document.problem(message, "mappings", at, "joins", number, "on")
                return
        for field in ("where", "deleted"):
            condition = getattr(mapping, field)
            if condition and (message := _bind(connection, f"select 1 from {relation} where ({condition})")):
                yield document.problem(message, "mappings", at, field)
        for name, column in mapping.made.items():
            if message := _bind(connection, f"select {raw_text(column, source, mapping.table)} from {relation}"):
                place = ("version",) if name == VERSION.name else ("columns", name)
                yield document.problem(message, "mappings", at, *place)


def _bind(connection: duckdb.DuckDBPyConnection, statement: str) -> str | None:
    try:
        if len(connection.extract_statements(statement)) != 1:
            return "must be one SQL expression, without a semicolon"
        connection.execute(f"explain {statement}")
    except duckdb.Error as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        shown = [line for line in lines if not line.startswith("LINE") and set(line.strip()) != {"^"}]
        return "SQL does not bind: " + " ".join(shown)
    return None
