"""Where the rows of a file, those that were rejected and those that were put right go."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from sales_warehouse import durable
from sales_warehouse.extract.rows import Fault, Mend
from sales_warehouse.extract.scan import scan
from sales_warehouse.extract.text import shown
from sales_warehouse.spreadsheet import harmless

REJECTS = ("line", "reason", "text")
MENDED = ("line", "what", "before", "after")
PARQUET = ".parquet"
GROUP_ROWS = 100_000


class Scratch:
    """A file that appears under its name when everything has been written, and not at all when it has not."""

    def __init__(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self.target, self.path = target, target.with_name(f".{target.name}{durable.TEMPORARY}")

    def keep(self) -> None:
        durable.move(self.path, self.target)

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


class Sheet:
    """A CSV file in UTF-8, every text as it came."""

    def __init__(self, path: Path, header: Sequence[str] | None) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        if header is not None:
            self.write([header])

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        """Append rows; csv itself would write a bare carriage return without quotes, and readers end the line there."""
        block = io.StringIO(newline="")
        csv.writer(block, lineterminator="\n").writerows(rows)
        if "\r" in block.getvalue():
            block = io.StringIO(newline="")
            plain = csv.writer(block, lineterminator="\n")
            quoted = csv.writer(block, lineterminator="\n", quoting=csv.QUOTE_ALL)
            for row in rows:
                (quoted if any("\r" in str(cell) for cell in row) else plain).writerow(row)
        self._file.write(block.getvalue())

    def close(self) -> None:
        self._file.close()


class ParquetTable:
    """A Parquet file of texts, written in groups of GROUP_ROWS."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._schema = pa.schema([(name, pa.string()) for name in columns])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []

    def write(self, rows: Sequence[Sequence[str]]) -> None:
        if not rows:
            return
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        self._waiting.append(pa.record_batch(columns, schema=self._schema))
        if sum(batch.num_rows for batch in self._waiting) >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema))
        self._waiting.clear()

    def close(self) -> None:
        self._flush()
        self._writer.close()


class Output:
    """The files of one reading; all of them appear together, at the end."""

    def __init__(self, out: Path, rejects: Path, mended: Path) -> None:
        self.table_file = Scratch(out)
        self._rejects_file, self._mended_file = Scratch(rejects), Scratch(mended)
        self._rejects, self._mended = Sheet(self._rejects_file.path, REJECTS), Sheet(self._mended_file.path, MENDED)
        self._table: Sheet | ParquetTable | None = None

    def begin(self, columns: Sequence[str], names: Sequence[str] | None) -> Sheet | ParquetTable:
        """Open the table. A CSV file has a line of names where the source has one; Parquet always has `columns`."""
        if self.table_file.target.suffix == PARQUET:
            self._table = ParquetTable(self.table_file.path, columns)
        else:
            self._table = Sheet(self.table_file.path, names)
        return self._table

    def count_back(self, has_names: bool) -> int:
        """Close the table and return how many rows its file has, without what wrote it."""
        if self._table is not None:
            self._table.close()
            self._table = None
        if self.table_file.target.suffix == PARQUET:
            rows: int = pq.read_metadata(self.table_file.path).num_rows
            return rows
        return scan(self.table_file.path, ",", '"').records - has_names

    def reject(self, faults: Sequence[Fault]) -> None:
        self._rejects.write([(fault.line, fault.reason, harmless(shown(fault.text))) for fault in faults])

    def tell(self, mends: Sequence[Mend]) -> None:
        after = [json.dumps(mend.fields, ensure_ascii=False) for mend in mends]
        self._mended.write(
            [
                (mend.line, mend.reason, harmless(shown(mend.text)), done)
                for mend, done in zip(mends, after, strict=True)
            ]
        )

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._table, self._rejects, self._mended):
            if file is not None:
                file.close()
        for scratch in (self.table_file, self._rejects_file, self._mended_file):
            scratch.keep() if kind is None else scratch.drop()
