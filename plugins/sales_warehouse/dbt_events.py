"""What dbt says while it runs and afterwards: its structured events, its results, and its failures in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sales_warehouse import durable, settings
from sales_warehouse.home import Home
from sales_warehouse.sql import connect, ident, literal

FAILED = ("error", "fail", "runtime error", "partial success")
_NO_MEMORY = "Out of Memory Error"
RESULTS = "run_id varchar, node varchar, kind varchar, status varchar, seconds double, rows bigint"


@dataclass(frozen=True)
class Node:
    """One model, seed or test that finished. `rows` is what its table holds, null for views and tests."""

    name: str
    kind: str
    status: str
    seconds: float
    file: str
    relation: tuple[str, str] | None = None
    rows: int | None = None


def read_event(line: str) -> tuple[Node | None, str | None]:
    """Return the node that a line of dbt's JSON log says has finished, or the problem that it tells of."""
    try:
        event = json.loads(line)
        info, data = event["info"], event["data"]
    except (ValueError, KeyError, TypeError):
        return None, line.strip() or None  # a crash writes plain text
    if is_result(info["name"]) and "node_info" in data:
        return _node(data), None
    return None, info["msg"].strip() if info["level"] == "error" else None


def is_result(name: str) -> bool:
    """Whether an event of this name tells of a node that has finished."""
    return name.startswith("Log") and name.endswith("Result")


def _node(data: Mapping[str, Any]) -> Node:
    about = data["node_info"]
    at = about.get("node_relation") or {}
    is_table = about.get("materialized") in ("table", "incremental", "seed")
    return Node(
        name=about["node_name"],
        kind=about["resource_type"],
        status=about["node_status"],
        seconds=float(data.get("execution_time", 0)),
        file=about["node_path"],
        relation=(at["schema"], at["alias"]) if is_table and at else None,
    )


def with_rows(nodes: Sequence[Node], home: Home) -> list[Node]:
    """Return the nodes with the rows that their tables hold now, after dbt has let go of the file."""
    if not home.warehouse_file.exists():
        return list(nodes)
    with connect(home.warehouse_file, temp=home.tmp, read_only=True) as connection:
        present = set(connection.execute("select schema_name, table_name from duckdb_tables()").fetchall())
        counts = {
            place: connection.execute(f"select count(*) from {ident(place[0])}.{ident(place[1])}").fetchall()[0][0]
            for place in {node.relation for node in nodes if node.relation in present}
            if place
        }
    return [replace(node, rows=counts.get(node.relation)) if node.relation else node for node in nodes]


def save_results(home: Home, run_id: str, nodes: Sequence[Node]) -> None:
    """Write `warehouse/run_results.parquet`: what the last run did, one row for each node."""
    target = home.warehouse / "run_results.parquet"
    hidden = target.with_name(f".{target.name}{durable.TEMPORARY}")
    rows = [[run_id, node.name, node.kind, node.status, node.seconds, node.rows] for node in nodes]
    with connect(temp=home.tmp) as connection:
        connection.execute(f"create table results ({RESULTS})")
        if rows:
            connection.executemany("insert into results values (?, ?, ?, ?, ?, ?)", rows)
        connection.execute(f"copy results to {literal(str(hidden))} (format parquet)")
    durable.move(hidden, target)


def out_of_memory(results: Path, nodes: Sequence[Node]) -> list[Node]:
    """Return the models that did not fit into memory; none when anything failed for another reason."""
    told = _results(results)
    failed = [node for node in nodes if node.status in FAILED]
    is_short = all(_NO_MEMORY in (told.get(node.name, {}).get("message") or "") for node in failed)
    return failed if is_short else []


def failure_text(results: Path, nodes: Sequence[Node], said: Sequence[str], code: int | None, log: Path) -> str:
    """Say which models or tests failed, with their file and message, and what to do next."""
    told = _results(results)
    failed = [node for node in nodes if node.status in FAILED]
    parts = [_failure(node, told.get(node.name, {}).get("message") or "") for node in failed]
    if not parts:
        parts = ["\n".join(said[-20:]) or f"dbt ended with code {code} and said nothing."]
    skipped = sum(result["status"] == "skipped" for result in told.values())
    after = f"\nNot built or tested, because they depend on it: {skipped}." if skipped else ""
    return "\n".join(parts) + after + f"\nReaders stay on the last published version. The whole log: {log}"


def _failure(node: Node, message: str) -> str:
    if _NO_MEMORY in message:
        limit = settings.memory_limit()
        advice = (
            f"What the query keeps at once does not fit into SALES_WAREHOUSE_MEMORY, which is {limit}. Set it higher, "
            "up to half of the machine's memory, and refresh again: nothing has to be undone."
        )
    elif node.kind == "test":
        advice = (
            "An assumption about the data no longer holds. The query in the file returns the rows that break it: "
            "run it on a copy of the working warehouse, mend the mapping or the source, and refresh again."
        )
    else:
        advice = (
            "The model could not be built. When the message names data (a cast, a null, an overflow), mend the "
            "mapping of the source; otherwise the model is wrong. Then refresh again: nothing has to be undone."
        )
    return f"dbt {node.kind} {node.name} failed ({node.file}):\n  {message.strip()}\n{advice}"


def _results(file: Path) -> dict[str, Mapping[str, Any]]:
    """Return what dbt says of each node that it ran or skipped, by name; nothing when it never came to run."""
    if not file.exists():
        return {}
    listed = json.loads(file.read_text(encoding="utf-8"))["results"]
    # model.project.orders; the id of a generic test ends in a hash besides
    return {item["unique_id"].split(".")[2]: item for item in listed}
