"""What people decided about customers: these records are one, those are not, and taking either back.

Decisions are kept for good, one file each, in `decisions/`: who, when, why. The step `identify` follows those that
stand. A later one that contradicts an earlier one is refused when it is made, so they never depend on their order.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

import duckdb
import pyarrow as pa

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.identity.groups import Groups
from sales_warehouse.sql import connect, literal

TABLE = "decided"  # of every pair that a decision names: decision_id, kind, left_id, right_id

Kind = Literal["merge", "split", "undo"]


class DecisionRefused(Exception):
    """A decision that cannot be taken; nothing was kept."""


@dataclass(frozen=True)
class Decision:
    """Records are `<source>:<customer_id>`; `at` is UTC.

    Of a merge all of `records` are one customer; of a split none of `records` is the customer that `others` are. An
    undo takes back the decision `undoes`.
    """

    kind: Kind
    by: str
    why: str
    at: str
    records: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    undoes: str | None = None

    @property
    def decision_id(self) -> str:
        content = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return "D" + hashlib.sha256(content.encode()).hexdigest()[:10].upper()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        if self.kind == "merge":
            return [(self.records[0], record) for record in self.records[1:]]
        return [(record, other) for record in self.records for other in self.others]


def history(home: Home) -> list[Decision]:
    """Return every decision ever taken, oldest first."""
    files = sorted(home.decisions.glob("[!.]*.json")) if home.decisions.exists() else []
    told = (durable.read_json(file) for file in files)
    return [Decision(**{**item, "records": tuple(item["records"]), "others": tuple(item["others"])}) for item in told]


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """Return the merges and splits that nobody took back."""
    listed = list(decisions)
    undone = {item.undoes for item in listed}
    return [item for item in listed if item.kind != "undo" and item.decision_id not in undone]


def register(connection: duckdb.DuckDBPyConnection, decisions: list[Decision]) -> None:
    """Make the table of the pairs that standing decisions name, and `customer_decisions`, all of them as they are told.

    Of the latter a row is one record that a decision names.
    """
    pairs: list[tuple[str | None, ...]] = [
        (item.decision_id, item.kind, *pair) for item in standing(decisions) for pair in item.pairs
    ]
    _make(connection, TABLE, ("decision_id", "kind", "left_id", "right_id"), pairs)
    undone = {item.undoes: (item.by, item.why, item.at) for item in decisions if item.kind == "undo"}
    told: list[tuple[str | None, ...]] = [
        (
            item.decision_id, item.kind, record, str(item.kind == "split" and record in item.records),
            item.by, item.why, item.at, *undone.get(item.decision_id, (None, None, None)),
        )
        for item in decisions
        if item.kind != "undo"
        for record in (*item.records, *item.others)
    ]  # fmt: skip
    names = ("decision_id", "kind", "record", "is_split_off", "decided_by", "why", "decided_at")
    _make(connection, "told", (*names, "undone_by", "undone_why", "undone_at"), told)
    connection.execute("""
        create or replace temp table customer_decisions as
        select * replace (
            cast(is_split_off as boolean) as is_split_off,
            cast(decided_at as timestamp) as decided_at, cast(undone_at as timestamp) as undone_at
        ) from told order by decided_at, decision_id, record""")


def _make(
    connection: duckdb.DuckDBPyConnection, table: str, names: tuple[str, ...], rows: list[tuple[str | None, ...]]
) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    given = pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
    connection.register(f"{table}_given", given)
    connection.execute(f"create or replace temp table {table} as select * from {table}_given")
    connection.unregister(f"{table}_given")


def merge(home: Home, customers: list[str], *, by: str, why: str, at: datetime.datetime) -> Decision:
    """Decide that customers are one; each is named by its code or by one of its records.

    Raises DecisionRefused for what is unknown or one already, and where another decision says the opposite.
    """
    known = _Known(home)
    records = tuple(dict.fromkeys(known.first_record(name) for name in customers))
    codes = {known.key_of(record) for record in records}
    if len(codes) < 2:
        raise DecisionRefused(f"{', '.join(customers)}: one customer already ({', '.join(sorted(codes))})")
    return _keep(home, Decision("merge", by, why, at.isoformat(), records))


def split(home: Home, records: list[str], *, by: str, why: str, at: datetime.datetime) -> Decision:
    """Decide that records of one customer are another one than the rest of its records.

    Raises DecisionRefused for unknown records, for those of several customers, where nothing would stay behind, and
    where a merge that stands says the opposite.
    """
    known = _Known(home)
    codes = {known.key_of(record) for record in records}
    if len(codes) > 1:
        raise DecisionRefused(f"records of {len(codes)} customers ({', '.join(sorted(codes))}); split one at a time")
    (code,) = codes
    rest = tuple(record for record in known.records_of(code) if record not in records)
    if not rest:
        raise DecisionRefused(f"these are all records of {code}; name only those that are somebody else")
    return _keep(home, Decision("split", by, why, at.isoformat(), tuple(sorted(set(records))), rest))


def undo(home: Home, decision_id: str, *, by: str, why: str, at: datetime.datetime) -> Decision:
    """Take a merge or a split back; the next refresh gives back what was there.

    Raises DecisionRefused when there is no such decision, or it was taken back before.
    """
    listed = history(home)
    if decision_id not in {item.decision_id for item in listed if item.kind != "undo"}:
        raise DecisionRefused(
            f"there is no merge or split {decision_id}; `sales-warehouse customers decisions` lists them"
        )
    if decision_id not in {item.decision_id for item in standing(listed)}:
        raise DecisionRefused(f"{decision_id} was taken back before")
    return _keep(home, Decision("undo", by, why, at.isoformat(), undoes=decision_id))


def _keep(home: Home, decision: Decision) -> Decision:
    if not decision.why.strip():
        raise DecisionRefused("say why, so that the next one knows")
    stand = standing(history(home))
    if decision.kind != "undo" and (against := _contradicted(stand, decision)):
        raise DecisionRefused(f"{against} together say the opposite; undo one of them first")
    stamp = datetime.datetime.fromisoformat(decision.at).strftime(durable.STAMP)
    durable.write_json(home.decisions / f"{stamp}_{decision.decision_id}.json", asdict(decision))
    return decision


def _contradicted(stand: list[Decision], decision: Decision) -> str | None:
    """Name the decisions that a new one cannot stand beside: what is merged, step by step, must not be split."""
    together: Groups[str] = Groups({})
    merges = [item for item in [*stand, decision] if item.kind == "merge"]
    for item in merges:
        for pair in item.pairs:
            together.join(*pair)
    broken = [
        (item, together.of(left))
        for item in [*stand, decision]
        if item.kind == "split"
        for left, right in item.pairs
        if together.of(left) == together.of(right)
    ]
    if not broken:
        return None
    split_, group = broken[0]
    involved = [item for item in merges if together.of(item.records[0]) == group]
    return ", ".join(sorted(item.decision_id for item in {split_, *involved} - {decision}))


class _Known:
    """The customers there are, as of the last refresh."""

    def __init__(self, home: Home) -> None:
        file = home.identity / "customer_xref.parquet"
        if not file.exists():
            raise DecisionRefused("there are no customers yet: `sales-warehouse run` first")
        self._home, self._file = home, literal(str(file))

    def records_of(self, code: str) -> list[str]:
        """Return the records of a customer, those that have been it longest first."""
        with connect(temp=self._home.tmp) as connection:
            found = connection.execute(
                f"select source || ':' || customer_id as record from read_parquet({self._file}) "
                "where customer_key = ? order by since, record",
                [code],
            ).fetchall()
        return [record for (record,) in found]

    def key_of(self, record: str) -> str:
        with connect(temp=self._home.tmp) as connection:
            found = connection.execute(
                f"select customer_key from read_parquet({self._file}) where source || ':' || customer_id = ?", [record]
            ).fetchone()
        if found is None:
            raise DecisionRefused(f"there is no customer record {record}; records are written <source>:<customer_id>")
        return str(found[0])

    def first_record(self, name: str) -> str:
        """Return the record that stands for a customer: itself, or the first one of a code."""
        if found := self.records_of(name):
            return found[0]
        self.key_of(name)
        return name
