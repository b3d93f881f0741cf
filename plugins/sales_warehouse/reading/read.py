"""Read one delimited file: rows to a table, what is none to a list of rejects, and an account of every line.

A big file that keeps the rules goes through DuckDB, everything declared, and its rows are counted a second time from
the bytes (`extract.scan`); any doubt, and every small file, goes record by record.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import duckdb

from sales_warehouse.extract import encoding
from sales_warehouse.extract.delimited import read_csv
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.rows import LONGEST_RECORD, Batch, Dialect, Fault, Lines, Mend, batches
from sales_warehouse.extract.scan import CHUNK, line_end_of, scan
from sales_warehouse.reading.detect import QUOTES, detect
from sales_warehouse.reading.dialect import Given, GivenError
from sales_warehouse.reading.kinds import KINDS
from sales_warehouse.reading.mend import TableRules
from sales_warehouse.reading.output import PARQUET, Output
from sales_warehouse.reading.table import find_head
from sales_warehouse.sql import connect, ident, literal

SAMPLE_LINES, SAMPLE_BYTES = 1_000, 1 << 18
MOST_COLUMNS = 10_000
NAMES_OR_ROW = (
    "line {} was taken for names, though the kinds of the columns do not tell it from a row: if it is one, say "
    "--dialect header=0"
)
BIG_BYTES = 32 << 20  # a bigger file is worth starting DuckDB


@dataclass
class Report:
    """What became of a file; `records` and `blank_lines` are those below the names."""

    file: str
    encoding: str
    dialect: dict[str, Any]
    columns: list[str]
    lines: int = 0
    skipped_lines: int = 0
    name_lines: int = 0
    blank_lines: int = 0
    records: int = 0
    rows: int = 0
    rejected: int = 0
    mended: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    mends: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def unaccounted(self) -> int:
        """Return how many records of the table are neither a row nor rejected."""
        return self.records - self.rows - self.rejected

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"unaccounted": self.unaccounted}


def read_file(
    file: Path,
    out: Path,
    rejects: Path,
    mended: Path,
    given: Given,
    *,
    others: Iterable[Path] = (),
    strict: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Read a file; `out` is Parquet by its ending, else CSV in UTF-8 with commas.

    `others` are what the caller writes afterwards. `strict` rejects what would be put right. `on_progress` gets the
    lines done and all lines. Raises FileRefused for what is no text at all, or whose lines were not all read, and
    GivenError where one file would take the place of another.
    """
    named = [path.resolve() for path in (file, out, rejects, mended, *others)]
    if len(set(named)) < len(named):
        raise GivenError("two of the file and what is written of it are one file: give each of them a name of its own")
    if file.exists() and not file.is_file():
        raise FileRefused(
            "no regular file (a folder, a pipe or a device); it is read more than once, so write it to one"
        )
    with tempfile.TemporaryDirectory() as scratch:
        text, codec = _as_text(file, given.encoding, Path(scratch) / "text")
        report = Report(str(file), codec, {}, [])
        with Output(out, rejects, mended) as output:
            if not text.stat().st_size:
                report.notes.append("0 bytes: there is nothing in it")
                output.begin((), None)
                return report
            reading = _Reading(text, codec, given, report, output, strict, on_progress)
            if file.stat().st_size < BIG_BYTES or not reading.fast(Path(scratch)):
                reading.slow()
            reading.count_back()
            reading.tell_of_blank_lines()
        return report


def _as_text(file: Path, declared: str | None, place: Path) -> tuple[Path, str]:
    """Return a file whose bytes of line ends and quotes are those of ASCII, and the name of its codec."""
    try:
        codec = declared or encoding.detected(file, takes_a_guess=True)
    except FileRefused:
        codec = "utf-8"  # lines in other bytes are rejected one by one
    encoding.refuse_other_kinds(file, codec)
    if codec == "utf-16":
        encoding.as_utf8(file, codec, place)
        return place, "utf-8"
    return file, codec


class _Reading:
    def __init__(
        self, text: Path, codec: str, given: Given, report: Report, output: Output, strict: bool,
        on_progress: Callable[[int, int], None],
    ) -> None:  # fmt: skip
        self.text, self.codec, self.report, self.output, self.on_progress = text, codec, report, output, on_progress
        self.dialect, sample = self._detect(given)
        self.head = find_head(sample, self.dialect, given.header, given.skip)
        if self.head.width > MOST_COLUMNS:
            raise FileRefused(f"{self.head.width:,} columns, at most {MOST_COLUMNS:,} are read")
        for number, line in enumerate(sample[: self.head.lines], 1):
            if len(line) > LONGEST_RECORD:
                raise FileRefused(f"line {number} has more than {LONGEST_RECORD:,} characters: is this a table?")
        self.seen = scan(text, self.dialect.delimiter, self.dialect.quote)
        self.rules = TableRules(self.dialect, self.head.profile, self.head.names, strict=strict)
        self._tell_of_head(sample, given)

    def _detect(self, given: Given) -> tuple[Dialect, list[str]]:
        """Return the dialect and a sample of whole lines; where a line ends depends on what quotes it."""
        first, before = given.skip or 0, (given.skip or 0) + (given.header or 0)
        sample = self._sample(QUOTES[0] if given.quote is None else given.quote, before)
        dialect, newline = detect(sample[first:], given.delimiter, given.quote, given.escape), self.newline
        again = self._sample(dialect.quote, before)
        if newline == self.newline:
            return dialect, sample
        return detect(again[first:], given.delimiter, dialect.quote, given.escape), again

    def _sample(self, quote: str, before: int) -> list[str]:
        """Return the first lines: so many that stand before the rows, and a sample of these."""
        with self.text.open("rb") as start:
            self.newline = "\r" if line_end_of(start.read(CHUNK), quote.encode()) == "\r" else "\n"
        with self._open() as handle:
            lines = Lines(handle)
            size = sum(map(len, lines.ahead(before, LONGEST_RECORD)))
            return lines.ahead(before + SAMPLE_LINES, size + SAMPLE_BYTES)

    def _open(self) -> TextIO:
        codec = "utf-8-sig" if self.codec == "utf-8" else self.codec
        return self.text.open(encoding=codec, errors="surrogateescape", newline=self.newline)

    def _tell_of_head(self, sample: list[str], given: Given) -> None:
        head, report = self.head, self.report
        report.dialect = asdict(self.dialect) | {"line_end": self.seen.line_end}
        report.columns = list(head.columns)
        report.lines, report.skipped_lines, report.name_lines = self.seen.lines, head.skipped, head.name_lines
        text = sample[head.lines - 1].rstrip("\r\n") if head.name_lines else ""
        if head.mended:
            self.output.tell([Mend(head.lines, head.mended, text, list(head.names or ()))])
            report.notes.append(f"line {head.lines}, the names: {head.mended}")
        if head.refused:
            self.output.reject([Fault(head.lines, head.refused, text)])
            report.notes.append(f"line {head.lines}: {head.refused}")
        if not head.name_lines:
            report.notes.append("there is no line of names")
        elif given.header is None and head.names and not head.profile.typed:
            report.notes.append(NAMES_OR_ROW.format(head.skipped + 1))

    def count_back(self) -> None:
        """Raise FileRefused when the table that was written has more or fewer rows than were counted."""
        written = self.output.count_back(has_names=self.head.names is not None)
        if written != self.report.rows:
            raise FileRefused(
                f"{written:,} rows were written where {self.report.rows:,} were read: this is a fault of the writer; "
                "nothing was written. Please report this with the file"
            )

    def tell_of_blank_lines(self) -> None:
        if self.report.blank_lines and self.head.width == 1:
            self.report.notes.append(f"blank lines: {self.report.blank_lines:,}; none is a row, not even an empty one")

    def fast(self, scratch: Path) -> bool:
        """Write the table with DuckDB; tell whether it has every record that the bytes show."""
        head, target = self.head, self.output.table_file
        has_plain_dialect = self.codec == "utf-8" and self.dialect == Dialect(self.dialect.delimiter, '"')
        is_odd = self.seen.odd or self.seen.longest > LONGEST_RECORD
        if is_odd or not has_plain_dialect or head.lines != 1 or head.columns != head.names:
            return False
        rows = read_csv([self.text], head.columns, self.dialect, self.seen.longest)
        strange = " and ".join(_is_not(head.columns[place], head.profile.kinds[place]) for place in head.profile.typed)
        strange = strange if len(head.profile.typed) > 1 else "false"
        again = " and ".join(f"{ident(name)} = {literal(name)}" for name in head.columns)
        kind = "format parquet, compression zstd" if target.target.suffix == PARQUET else "format csv, header"
        with connect(temp=scratch) as connection:
            try:
                query = f"select count(*), count(*) filter (({strange}) or ({again})) from {rows}"
                if connection.execute(query).fetchone() != (self.seen.records - 1, 0):
                    return False
                connection.execute(f"copy (from {rows}) to {literal(str(target.path))} ({kind})")
            except duckdb.Error:
                return False
        self.report.records = self.report.rows = self.seen.records - 1
        self.report.blank_lines = self.seen.blank
        return True

    def slow(self) -> None:
        """Write the table record by record."""
        head, report = self.head, self.report
        table = self.output.begin(head.columns, head.names)
        with self._open() as handle:
            lines = Lines(handle)
            for _ in islice(lines, head.lines):
                lines.next_record()
            lines.records = 0
            for batch in batches(lines, self.dialect, head.width, self.seen.longest, self.rules):
                table.write([row for place, row in enumerate(batch.rows) if place not in batch.faults])
                self._take(batch)
                self.on_progress(lines.number, report.lines)
        report.records = lines.records
        if lines.number != report.lines or report.unaccounted:
            raise FileRefused(
                f"{lines.number} of {report.lines} lines were read, and {report.unaccounted} records are neither rows "
                "nor rejected: this is a fault of the reader; nothing was written"
            )

    def _take(self, batch: Batch) -> None:
        report, faults = self.report, list(batch.faults.values())
        self.output.reject(faults)
        self.output.tell(batch.mends)
        report.rows += len(batch.rows) - len(faults)
        report.blank_lines += batch.blank
        report.rejected += len(faults)
        report.mended += len(batch.mends)
        for counts, found in ((report.reasons, faults), (report.mends, batch.mends)):
            for item in found:
                counts[item.reason] = counts.get(item.reason, 0) + 1


def _is_not(column: str, kind: str | None) -> str:
    pattern = KINDS[str(kind)].pattern
    return f"({ident(column)} <> '' and not regexp_full_match({ident(column)}, {literal(pattern)}))"
