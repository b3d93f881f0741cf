"""Small sources for the tests of the readers, and a look at what landed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse.company.models import Source
from sales_warehouse.extract import EarlierTable, Extraction, extract
from sales_warehouse.sql import literals


def source(connection: dict[str, Any], **tables: dict[str, Any]) -> Source:
    """Return a source with these tables; the mapping only has to exist."""
    first = next(iter(tables))
    column = tables[first]["columns"][0]
    mapping = {"entity": "orders", "from": first, "columns": {"order_id": f'"{column}"'}}
    return Source.model_validate(
        {
            "source": "shop",
            "label": {"en": "Shop", "zh": "商城"},
            "owner": "data-team",
            "expected_within_hours": 24,
            "connection": connection,
            "tables": tables,
            "mappings": [mapping],
        }
    )


EARLIER = {
    "seen": "seen",
    "latest": "latest",
    "states": "states",
    "cursors": "cursor",
    "history": "history",
    "schema": "schema",
    "first_schema": "first_schema",
}


def _earlier(options: dict[str, Any]) -> dict[str, EarlierTable]:
    """Take what landed before out of the options, given by kind and table."""
    found: dict[str, dict[str, Any]] = {}
    for kind, name in EARLIER.items():
        for table, value in options.pop(kind, {}).items():
            found.setdefault(table, {})[name] = frozenset(value) if kind == "seen" else value
    return {table: EarlierTable(**given) for table, given in found.items()}


@dataclass
class Desk:
    """A folder of source files and a place to land them."""

    folder: Path
    files: Path = field(init=False)
    visits: int = 0
    progress: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.files = self.folder / "files"
        self.files.mkdir()

    def put(self, name: str, content: bytes | str) -> Path:
        file = self.files / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def extract(self, given: Source, **options: Any) -> Extraction:
        self.visits += 1
        wanted: dict[str, Any] = {
            "company_folder": self.folder,
            "into": self.folder / f"landed{self.visits}",
            "temp": self.folder / "temp",
            "environment": {},
            "on_progress": self.progress.append,
        }
        return extract(given, earlier=_earlier(options), **(wanted | options))

    def extract_files(self, columns: str, pattern: str = "*", options: dict | None = None, **table: Any) -> Extraction:
        """Read every file of the folder as one table named `orders`; `columns` has them with a comma between."""
        described = {"files": pattern, "format": "csv", "columns": columns.split(",")} | table
        given = source({"type": "files", "path": str(self.files)}, orders=described)
        return self.extract(given, **(options or {}))


def rows(extraction: Extraction, table: str = "orders", columns: str = "* exclude (_file, _row_number)") -> list[tuple]:
    """Return what landed, in the order of the files and of the rows in them."""
    paths = sorted({str(item.path) for item in extraction.landed if item.table == table})
    relation = f"read_parquet({literals(paths)}, union_by_name = true, file_row_number = true)"
    with duckdb.connect() as connection:
        present = {row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()}
        given, before = (name if name in present else "null" for name in ("_row_number", "_before"))
        number = f"coalesce({given}, file_row_number + 1 - coalesce({before}, 0))"
        left_out = ", ".join({"file_row_number", "_row_number", "_before"} & {*present, "file_row_number"})
        inner = f"select * exclude ({left_out}), {number} as _row_number from {relation}"
        return connection.execute(f"select {columns} from ({inner}) order by _file, _row_number").fetchall()


def types(extraction: Extraction) -> dict[str, str]:
    """Return the columns of the first Parquet file with their types."""
    with duckdb.connect() as connection:
        described = connection.execute(f"describe select * from '{extraction.landed[0].path}'").fetchall()
    return {row[0]: row[1] for row in described}


def reason(extraction: Extraction) -> str:
    """Return the only refusal's reason; nothing may have landed."""
    assert not extraction.landed
    (refused,) = extraction.refused
    return refused.reason
