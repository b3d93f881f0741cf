"""Write text columns to Parquet in batches, for readers that do not go through DuckDB."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ROWS = 20_000  # rows that readers gather before they write
GROUP_ROWS, GROUP_BYTES = 100_000, 64 << 20  # a row group of the file
FILE, ROW_NUMBER, MALFORMED, RAW = "_file", "_row_number", "_malformed", "_raw"
FAULTY = "_faulty"  # columns of a malformed row that are wrong, as a list in JSON; NULL where nothing could be read
BEFORE = "_before"  # rows of other files before the first one of this, where files share a Parquet file
DELETED = "_deleted"  # `true` for a row that says that its record is gone from the source
MORE = "_more"  # what a JSON record has beside the declared keys, as JSON
OPTIONAL = (MALFORMED, FAULTY, RAW, DELETED, MORE)  # columns that readers write where they are needed
LANDED = (FILE, ROW_NUMBER, *OPTIONAL)  # what a landed row has beside the columns of its source
RESERVED = (*LANDED, BEFORE, "_path", "file_row_number")
# what statements put beside the columns that a table promises; of others they never hear
ADDED = ("_row_load_id", "_row_is_deleted", "_row_version_at", "_row_told", "_row_kind", "_row_items", "_row_element")

Text = Sequence[str | None]  # an Arrow array of texts is one, too


class TextParquet:
    """A Parquet file of VARCHAR columns plus `_file` and `_row_number`; with `faults` also what a malformed row has.

    `content` is the SHA-256 of everything written except the lineage: the same rows in the same order give the same,
    records that could not be read included.
    """

    def __init__(self, path: Path, columns: Sequence[str], origin: str, *, faults: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.rows = 0
        self.malformed = 0
        self._more = columns.index(MORE) if MORE in columns else None
        self._has_more = False
        self._origin, self._faults = origin, faults
        kinds = [(name, pa.string()) for name in columns] + [(FILE, pa.string()), (ROW_NUMBER, pa.int64())]
        self._schema = pa.schema(kinds + [(name, pa.string()) for name in (MALFORMED, FAULTY, RAW) if faults])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._digest = hashlib.sha256(repr(list(columns)).encode())
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0

    @property
    def content(self) -> str:
        return self._digest.hexdigest()

    def write(
        self,
        values: Sequence[Text],
        numbers: Sequence[int],
        reasons: Text = (),
        raws: Text = (),
        faulty: Sequence[Iterable[str] | None] = (),
    ) -> None:
        """Append a batch given by column; `numbers` are the 1-based positions in the origin.

        `faulty` names the columns that are wrong in a malformed row whose other cells were read.
        """
        size = len(numbers)
        if not size:
            return
        arrays = [value if isinstance(value, pa.Array) else pa.array(value, pa.string()) for value in values]
        for array in arrays:
            self._take(array)
        if self._more is not None:
            self._has_more = self._has_more or arrays[self._more].null_count < size
        arrays += [pa.repeat(pa.scalar(self._origin), size), pa.array(numbers, pa.int64())]
        if self._faults:
            wrong = [json.dumps(list(names), ensure_ascii=False) if names else None for names in faulty]
            arrays += [pa.array(texts or [None] * size, pa.string()) for texts in (reasons, wrong, raws)]
            if raws:
                self._take(arrays[-1])
            self.malformed += size - arrays[-3].null_count
        self._waiting.append(pa.record_batch(arrays, schema=self._schema))
        self._waiting_rows += size
        self._waiting_bytes += self._waiting[-1].nbytes
        self.rows += size
        if self._waiting_rows >= GROUP_ROWS or self._waiting_bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema), row_group_size=GROUP_ROWS * 2)
            self._waiting.clear()
            self._waiting_rows = self._waiting_bytes = 0

    def _take(self, array: pa.Array) -> None:
        self._digest.update(len(array).to_bytes(8, "little"))
        for buffer in array.buffers():
            self._digest.update(memoryview(buffer) if buffer is not None else b"-")

    def __enter__(self) -> TextParquet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._writer.close()
        if kind is not None:
            self.path.unlink(missing_ok=True)
        elif self._faults and not self.malformed:
            _without(self.path, (MALFORMED, FAULTY, RAW) if self._has_more else (MALFORMED, FAULTY, RAW, MORE))


def _without(path: Path, unused: tuple[str, ...]) -> None:
    """Write the file again without the columns that nothing needed."""
    source = pq.ParquetFile(path)
    names = [name for name in source.schema_arrow.names if name not in unused]
    clean = path.with_suffix(".clean")
    schema = pa.schema([source.schema_arrow.field(name) for name in names])
    with source, pq.ParquetWriter(clean, schema, compression="zstd") as target:
        for group in range(source.num_row_groups):
            target.write_table(source.read_row_group(group, columns=names))
    clean.replace(path)
