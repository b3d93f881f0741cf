"""What people decided about customers and contacts: these records are one, those are not, and taking either back.

Decisions are kept for good, one file each, in `decisions/`: who, when, why. The step `identify` follows those that
stand. A later one that contradicts an earlier one is refused when it is made, so they never depend on their order.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import duckdb
import pyarrow as pa

from sales_warehouse import durable
from sales_warehouse.bilingual import Refused
from sales_warehouse.home import Home
from sales_warehouse.identity.groups import Groups
from sales_warehouse.identity.records import CONTACTS, CUSTOMERS, Entity
from sales_warehouse.sql import connect, ident, read_parquet

Kind = Literal["merge", "split", "undo"]


class DecisionRefused(Refused):
    """A decision that cannot be taken; nothing was kept."""


@dataclass(frozen=True)
class Decision:
    """Records are `<source>:<id>`; `at` is UTC.

    Of a merge all of `records` are one; of a split none of `records` is the one that `others` are, who may have been
    `never_one` with them. An undo takes back the decision `undoes`.
    """

    kind: Kind
    by: str
    why: str
    at: str
    records: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    undoes: str | None = None
    entity: str = "customer"
    never_one: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what is kept; what was not told from the beginning is told where it is not the usual."""
        usual = {"entity": "customer", "never_one": False}
        return {name: value for name, value in asdict(self).items() if name not in usual or value != usual[name]}

    @property
    def decision_id(self) -> str:
        content = json.dumps(self.as_json(), ensure_ascii=False, sort_keys=True)
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
    """Make the table of the pairs that standing decisions of an entity name, and `decisions`, all as they are told.

    Of the latter a row is one record that a decision names. A record that is not there any more (its row was judged
    again) parts nobody: the others of a merge are one without it.
    """
    for entity in (CUSTOMERS, CONTACTS):
        connection.register("named_ever", named(decisions, entity))
        found = connection.execute(f"select unique_id from {entity.table} semi join named_ever using (unique_id)")
        known = {record for (record,) in found.fetchall()}
        connection.unregister("named_ever")
        pairs: list[tuple[str | None, ...]] = [
            (item.decision_id, item.kind, str(item.never_one), *pair)
            for item in standing(decisions)
            if item.entity == entity.one
            for pair in replace(item, records=tuple(record for record in item.records if record in known)).pairs
        ]
        _make(connection, entity.decided, ("decision_id", "kind", "never_one", "left_id", "right_id"), pairs)
    undone = {item.undoes: (item.by, item.why, item.at) for item in decisions if item.kind == "undo"}
    told: list[tuple[str | None, ...]] = [
        (
            item.entity, item.decision_id, item.kind, record, str(item.kind == "split" and record in item.records),
            item.by, item.why, item.at, *undone.get(item.decision_id, (None, None, None)),
        )
        for item in decisions
        if item.kind != "undo"
        for record in (*item.records, *item.others)
    ]  # fmt: skip
    names = ("entity", "decision_id", "kind", "record", "is_split_off", "decided_by", "why", "decided_at")
    _make(connection, "told", (*names, "undone_by", "undone_why", "undone_at"), told)
    connection.execute("""
        create or replace temp table decisions as
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


def named(decisions: Iterable[Decision], entity: Entity) -> pa.Table:
    """Return the `unique_id` of every record that a decision ever named."""
    told = (item for item in decisions if item.entity == entity.one)
    return pa.table({"unique_id": pa.array(sorted({r for i in told for r in (*i.records, *i.others)}), pa.string())})


def merge(
    home: Home, names: list[str], *, by: str, why: str, at: datetime.datetime, entity: Entity = CUSTOMERS
) -> Decision:
    """Decide that customers, or contacts, are one; each is named by its code or by one of its records.

    Raises DecisionRefused for what is unknown or one already, and where another decision says the opposite.
    """
    known = _Known(home, entity)
    records = tuple(dict.fromkeys(known.first_record(name) for name in names))
    codes = {known.key_of(record) for record in records}
    if len(codes) < 2:
        told = ", ".join(sorted(codes))
        raise DecisionRefused(
            f"{', '.join(names)}: one {entity.one} already ({told})",
            f"{'、'.join(names)}：已经是同一{entity.zh}（{told}）",
        )
    return _keep(home, Decision("merge", by, why, at.isoformat(), records, entity=entity.one))


def split(
    home: Home, records: list[str], *, by: str, why: str, at: datetime.datetime, entity: Entity = CUSTOMERS
) -> Decision:
    """Decide that records of one customer, or contact, are another one than the rest of its records.

    Raises DecisionRefused for unknown records, for those of several, where nothing would stay behind, and where a merge
    that stands says the opposite.
    """
    if not records:
        raise DecisionRefused(f"name the records that are another {entity.one}", f"请写出属于另一{entity.zh}的记录")
    known = _Known(home, entity)
    codes = {known.key_of(record) for record in records}
    if len(codes) > 1:
        told = ", ".join(sorted(codes))
        raise DecisionRefused(
            f"records of {len(codes)} {entity.name} ({told}); split one at a time",
            f"这些记录分属 {len(codes)} 个{entity.zh}（{told}）；请一次只拆分一个",
        )
    (code,) = codes
    rest = tuple(record for record in known.records_of(code) if record not in records)
    if not rest:
        raise DecisionRefused(
            f"these are all records of {code}; name only those that are somebody else",
            f"这是 {code} 的全部记录；请只写出属于别人的那些",
        )
    off = tuple(sorted(set(records)))
    return _keep(home, Decision("split", by, why, at.isoformat(), off, rest, entity=entity.one))


def keep_apart(
    home: Home, names: list[str], *, by: str, why: str, at: datetime.datetime, entity: Entity = CUSTOMERS
) -> Decision:
    """Decide that two customers, or contacts, which may seem to be one, are two: a split before they were ever joined.

    That holds for all records that either has now: one of them that moves elsewhere does not take the decision along.

    Raises DecisionRefused for what is unknown or one now, and where a merge that stands says the opposite.
    """
    if len(names) != 2:
        raise DecisionRefused(
            f"{len(names)} names; two are kept apart at a time", f"写了 {len(names)} 个；一次只能把两个分开"
        )
    known = _Known(home, entity)
    one, other = (known.key_of(known.first_record(name)) for name in names)
    if one == other:
        raise DecisionRefused(
            f"{', '.join(names)}: one {entity.one} now ({one}); split off the records of the other",
            f"{'、'.join(names)}：目前是同一{entity.zh}（{one}）；请把另一个的记录拆分出来",
        )
    records, others = (tuple(sorted(known.records_of(code))) for code in (one, other))
    return _keep(home, Decision("split", by, why, at.isoformat(), records, others, entity=entity.one, never_one=True))


def undo(
    home: Home, decision_id: str, *, by: str, why: str, at: datetime.datetime, entity: Entity = CUSTOMERS
) -> Decision:
    """Take a merge or a split back; the next refresh gives back what was there.

    Raises DecisionRefused when there is no such decision, or it was taken back before.
    """
    listed = [item for item in history(home) if item.entity == entity.one]
    if decision_id not in {item.decision_id for item in listed if item.kind != "undo"}:
        raise DecisionRefused(
            f"there is no merge or split {decision_id} of {entity.name}; "
            f"`sales-warehouse {entity.name} decisions` lists them",
            f"没有编号为 {decision_id} 的{entity.zh}合并或拆分；`sales-warehouse {entity.name} decisions` 会列出全部",
        )
    if decision_id not in {item.decision_id for item in standing(listed)}:
        raise DecisionRefused(f"{decision_id} was taken back before", f"{decision_id} 已经撤销过")
    return _keep(home, Decision("undo", by, why, at.isoformat(), undoes=decision_id, entity=entity.one))


def _keep(home: Home, decision: Decision) -> Decision:
    decision = replace(decision, by=decision.by.strip())
    if not decision.by:
        raise DecisionRefused(
            "say who decides (--by), so that the others know whom to ask", "请写明由谁决定（--by），以便他人知道该问谁"
        )
    if not decision.why.strip():
        raise DecisionRefused("say why, so that the next one knows", "请写明原因，以便后来的人知道")
    stand = [item for item in standing(history(home)) if item.entity == decision.entity]
    if decision.kind != "undo" and (against := _contradicted(stand, decision)):
        raise DecisionRefused(
            f"{against} together say the opposite; undo one of them first", f"{against} 与此相反；请先撤销其中一个"
        )
    stamp = datetime.datetime.fromisoformat(decision.at).strftime(durable.STAMP)
    durable.write_json(home.decisions / f"{stamp}_{decision.decision_id}.json", decision.as_json())
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
    """The customers, or contacts, there are, as of the last refresh."""

    def __init__(self, home: Home, entity: Entity) -> None:
        file = home.identity / f"{entity.xref}.parquet"
        if not file.exists():
            raise DecisionRefused(
                f"there are no {entity.name} yet: `sales-warehouse run` first",
                f"还没有{entity.zh}：请先运行 `sales-warehouse run`",
            )
        self._home, self._file, self._entity = home, read_parquet([file]), entity
        self._record = f"source || ':' || {ident(entity.id)}"

    def records_of(self, code: str) -> list[str]:
        """Return the records of a code, those that have had it longest first."""
        with connect(temp=self._home.tmp) as connection:
            found = connection.execute(
                f"select {self._record} as record from {self._file} "
                f"where {self._entity.key} = ? order by since, record",
                [code],
            ).fetchall()
        return [record for (record,) in found]

    def key_of(self, record: str) -> str:
        with connect(temp=self._home.tmp) as connection:
            found = connection.execute(
                f"select {self._entity.key} from {self._file} where {self._record} = ?", [record]
            ).fetchone()
        if found is None:
            raise DecisionRefused(
                f"there is no {self._entity.one} record {record}; records are written <source>:<{self._entity.id}>",
                f"没有{self._entity.zh}记录 {record}；记录写作 <来源>:<{self._entity.id}>",
            )
        return str(found[0])

    def first_record(self, name: str) -> str:
        """Return the record that a name stands for: itself, or the first one of a code."""
        if found := self.records_of(name):
            return found[0]
        self.key_of(name)
        return name
