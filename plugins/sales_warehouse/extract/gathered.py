"""JSON records on their way to Parquet, the malformed ones beside the good ones."""

from __future__ import annotations

from sales_warehouse.extract.parquet import TextParquet
from sales_warehouse.extract.record import Columns

KEPT_RAW = 1 << 20  # bytes of a malformed record that are kept beside it


class Gathered:
    """Records waiting to be written, one list for each column and each piece of lineage."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.nothing: list[str | None] = [None] * len(columns.names)
        self.clear()

    def clear(self) -> None:
        self.rows: list[list[str | None]] = []
        self.reasons: list[str | None] = []
        self.raws: list[str | None] = []

    def refuse(self, reason: str, line: bytes) -> None:
        text = line[:KEPT_RAW].decode("utf-8", "backslashreplace")
        self.rows.append(self.nothing)
        self.reasons.append(reason)
        self.raws.append(text if len(line) <= KEPT_RAW else f"{text}… ({len(line)} bytes)")

    def keep(self, row: list[str | None]) -> None:
        self.rows.append(row)
        self.reasons.append(None)
        self.raws.append(None)

    def flush(self, parquet: TextParquet) -> None:
        numbers = range(parquet.rows + 1, parquet.rows + len(self.rows) + 1)
        parquet.write(list(zip(*self.rows, strict=True)), numbers, self.reasons, self.raws)
        self.clear()
