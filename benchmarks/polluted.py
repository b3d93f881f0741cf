"""Read 2,290 spoilt files of one sales table: how much of it arrives, and whether every row is accounted for.

The kinds of spoiling, their numbers and the score are those of Pollock (G. Vitagliano and others, "Pollock: A Data
Loading Benchmark", PVLDB 16(8), 2023); the table, the files and the scorer are our own, so the figures can be compared
with each other and not with published ones. A file has ten scores from 0 to 1: read at all, and precision, recall and
F1 of its header, its records and its cells. `simple` is the mean over all files, `weighted` counts a file as often as
the kind was found in 3,712 public files (Pollock's weights; of the kinds with a file for each row and column about).

`python benchmarks/polluted.py` prints a table for RESULTS.md; CleverCSV is measured where it is installed.
"""

from __future__ import annotations

import csv
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from measured import machine

from sales_warehouse.reading import Given, read_file

Rows = list[list[str]]
NAMES = ["order_date", "order_time", "order_no", "price", "quantity", "product", "description", "region", "is_new"]
PRODUCTS = [
    "Men's Rain Jacket", "Tea Set, Six Cups", 'Screen, 27"', "龙井茶 250克", "Field Notebook", "Kids' Bicycle, 24\"",
    "Desk Lamp", "办公椅（可升降）", "Steel Bottle 1 L", "Wool Hat",
]  # fmt: skip
NOTES = [
    "Light, dry and quickly packed.", "Keeps its shape, wash after wash, and doesn't fade.", "Made for the road",
    "适合日常办公, 三年质保", "For 8\\'6\" rods, with a case", "A classic that women's and men's teams ask for",
    "Fits most shelves (80 cm)", "Sold out twice, so order early.", "Sturdy and plain", "新款，限量发售",
]  # fmt: skip
SPARE = {"row_less_sep": 0.3678, "row_more_sep": 0.3678, "row_extra_quote": 0.00926, "row_field_delimiter": 0.3}
WEIGHTS = {
    "source": 1, "file_no_payload": 15, "file_no_trailing_newline": 184, "file_double_trailing_newline": 5,
    "file_no_header": 470, "file_header_multirow_2": 47, "file_header_multirow_3": 47, "file_preamble": 282,
    "file_multitable_same": 62.67, "file_multitable_more": 62.67, "file_multitable_less": 62.67, "file_header_only": 3,
    "file_one_data_row": 4, "file_record_delimiter_0xD": 7, "file_record_delimiter_0xA": 1691,
    "file_field_delimiter_0x9": 4, "file_field_delimiter_0x3B": 834, "file_field_delimiter_0x20": 4,
    "file_field_delimiter_0x2C_0x20": 101, "file_quotation_char_0x27": 11, "file_escape_char_0x5C": 1,
    "file_escape_char_0x00": 7,
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    text: str
    quoted: bool


@dataclass
class Spoilt:
    """One file: how it is written, and what it should be read as."""

    name: str
    rows: list[list[Cell]]  # with the header
    truth: Rows
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    line_end: str = "\r\n"
    header: int = 1
    skip: int = 0
    before: str = ""
    after: str = ""
    last_end: str | None = None
    lines: dict[int, str] = field(default_factory=dict)  # written by hand

    def write(self) -> str:
        """Return the text of the file."""
        lines = [self.lines.get(place) or self.line(row) for place, row in enumerate(self.rows)]
        ends = [self.line_end] * len(lines)
        if self.last_end is not None:
            ends[-1] = self.last_end
        return self.before + "".join(line + end for line, end in zip(lines, ends, strict=True)) + self.after

    def cell(self, cell: Cell) -> str:
        text = cell.text.replace('"', self.escape + '"')
        return f"{self.quote}{text}{self.quote}" if cell.quoted else cell.text

    def line(self, row: list[Cell]) -> str:
        return self.delimiter.join(map(self.cell, row))

    @property
    def kind(self) -> str:
        return next((kind for kind in SPARE if self.name.startswith(kind)), self.name)


def source() -> list[list[Cell]]:
    """Return the table: a header and 83 rows of 9 fields, quoted where they have to be."""
    chance = random.Random(1)  # noqa: S311
    rows = [NAMES]
    for place in range(83):
        rows.append([
            f"{1 + place % 28:02d}/{1 + place // 28:02d}/2026", f"{place % 24:02d}:{15 * (place % 4):02d}",
            f"SO-{1000 + 37 * place}", f"{chance.uniform(1, 99):.2f}", str(chance.randint(0, 40)),
            chance.choice(PRODUCTS), f"{chance.choice(NOTES)} #{place + 1}",
            chance.choice(["HD-EAST", "HB-NORTH", "HN-SOUTH"]).replace("-", f"-{place % 9}"), str(place % 2),
        ])  # fmt: skip
    return [[Cell(text, any(sign in text for sign in ',"')) for text in row] for row in rows]


def spoilt() -> Iterator[Spoilt]:
    """Yield the 2,290 files."""
    rows = source()
    truth = [[cell.text for cell in row] for row in rows]
    plain = Spoilt("source", rows, truth)
    yield plain
    yield replace(plain, name="file_no_payload", rows=[], truth=[])
    yield replace(plain, name="file_no_trailing_newline", last_end="")
    yield replace(plain, name="file_double_trailing_newline", last_end="\r\n\r\n")
    yield replace(plain, name="file_no_header", rows=rows[1:], truth=truth[1:], header=0)
    for count in (2, 3):
        names = [" ".join([name] * count) for name in NAMES]
        yield replace(
            plain, name=f"file_header_multirow_{count}", rows=[rows[0]] * (count - 1) + rows,
            truth=[names, *truth[1:]], header=count,
        )  # fmt: skip
    yield replace(plain, name="file_preamble", before="PREAMBLE,,,,,,,,\r\n,,,,,,,,\r\n", skip=2)
    for kind, width in (("less", 8), ("same", 9), ("more", 10)):
        second = "".join(",".join(f"{word} {place} {row}" for place in range(width)) + "\r\n"
                         for word, row in [("name", 0), *(("value", number) for number in range(83))])  # fmt: skip
        yield replace(plain, name=f"file_multitable_{kind}", after=second)
    yield replace(plain, name="file_header_only", rows=rows[:1], truth=truth[:1])
    yield replace(plain, name="file_one_data_row", rows=rows[:2], truth=truth[:2])
    for row in range(len(rows)):
        cells = [plain.cell(cell) for cell in rows[row]]
        for column in range(len(NAMES)):
            more = ",".join([*cells[:column], "", *cells[column:]])
            yield replace(plain, name=f"row_more_sep_row{row}_col{column}", lines={row: more})
            if column:
                less = ",".join([*cells[: column - 1], cells[column - 1] + cells[column], *cells[column + 1 :]])
                yield replace(plain, name=f"row_less_sep_row{row}_col{column}", lines={row: less})
            cell = rows[row][column]
            inner = '"' + cell.text.replace('"', '""')
            extra = [*cells[:column], f'"{inner}"' if cell.quoted else '"' + cell.text, *cells[column + 1 :]]
            wanted = [list(each) for each in truth]
            wanted[row][column] = '"' + cell.text
            yield replace(plain, name=f"row_extra_quote{row}_col{column}", lines={row: ",".join(extra)}, truth=wanted)
        yield replace(plain, name=f"row_field_delimiter_{row}_0x20", lines={row: " ".join(cells)})
    yield replace(plain, name="file_record_delimiter_0xA", line_end="\n")
    yield replace(plain, name="file_record_delimiter_0xD", line_end="\r")
    for sign in (";", "\t", ", ", " "):
        code = "".join(f"_0x{ord(character):X}" for character in sign)
        yield replace(plain, name=f"file_field_delimiter{code}", delimiter=sign)
    yield replace(plain, name="file_quotation_char_0x27", quote="'", escape="")
    yield replace(plain, name="file_escape_char_0x5C", escape="\\")
    yield replace(plain, name="file_escape_char_0x00", escape="")


@dataclass
class Loaded:
    """What a system made of a file: rows with the header first, and the texts of what it rejected."""

    rows: Rows | None
    rejects: str = ""


def ours(file: Path, item: Spoilt, given: bool) -> Loaded:
    out, rejects, mended = (file.with_suffix(f".{name}.csv") for name in ("out", "rejects", "mended"))
    escape = "" if item.escape == '"' else item.escape
    known = Given("utf-8", item.delimiter, item.quote, escape, item.header, item.skip) if given else Given()
    report = read_file(file, out, rejects, mended, known)
    assert report.unaccounted == 0
    with out.open(encoding="utf-8", newline="") as text:
        return Loaded(list(csv.reader(text)), rejects.read_text("utf-8"))


def duckdb_given(file: Path, item: Spoilt) -> Loaded:
    names = item.truth[0] if item.truth and item.header else [f"col_{place}" for place in range(9)]
    with duckdb.connect() as connection:
        found = connection.read_csv(
            str(file), auto_detect=False, delimiter=item.delimiter, quotechar=item.quote,
            escapechar=item.escape or '"', skiprows=item.skip + item.header, header=False,
            columns=dict.fromkeys(names, "VARCHAR"), strict_mode=False, ignore_errors=True, null_padding=True,
        )  # fmt: skip
        return Loaded([list(names), *_texts(found.fetchall())])


def duckdb_auto(file: Path, item: Spoilt) -> Loaded:
    with duckdb.connect() as connection:
        found = connection.sql(
            f"from read_csv('{file}', ignore_errors = true, store_rejects = true, all_varchar = true)"
        )
        rows = [list(found.columns), *_texts(found.fetchall())]
        rejected = connection.sql("select csv_line from reject_errors").fetchall()
        return Loaded(rows, "\n".join(str(line) for (line,) in rejected))


def python_csv(file: Path, item: Spoilt) -> Loaded:
    text = file.read_bytes().decode("utf-8")
    return Loaded(list(csv.reader(text.splitlines(keepends=True), csv.Sniffer().sniff(text))))


def clever_csv(file: Path, item: Spoilt) -> Loaded:
    import clevercsv

    return Loaded([list(row) for row in clevercsv.read_table(str(file), encoding="utf-8")])


def _texts(rows: list[tuple]) -> Rows:
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def score(truth: Rows, found: Rows | None) -> float:
    """Return the sum of the ten scores of a file."""
    if found is None:
        return 0.0
    if not truth:
        return 10.0
    header = _three(Counter(truth[0]), Counter(found[0] if found else []))
    records = _three(Counter("".join(row) for row in truth[1:]), Counter("".join(row) for row in found[1:]))
    cells = _three(Counter(cell for row in truth for cell in row), Counter(cell for row in found for cell in row))
    return 1 + header + records + cells


def _three(truth: Counter[str], found: Counter[str]) -> float:
    if not truth:
        return 3.0
    both = (truth & found).total()
    if not both:
        return 0.0
    one, other = both / truth.total(), both / found.total()
    return one + other + 2 * one * other / (one + other)


def unaccounted(item: Spoilt, loaded: Loaded) -> int:
    """Return how many rows are neither in the table as they should be nor among the rejects."""
    found = {"".join(row) for row in (loaded.rows or [])}
    lost = [row for row in item.truth[item.header > 0 :] if "".join(row) not in found]
    return sum(not any(mark in loaded.rejects for mark in (row[2], f"#{row[6].rpartition('#')[2]}")) for row in lost)


SYSTEMS: dict[str, Callable[[Path, Spoilt], Loaded]] = {
    "sales-warehouse read, dialect given": lambda file, item: ours(file, item, True),
    "sales-warehouse read, nothing given": lambda file, item: ours(file, item, False),
    f"DuckDB {duckdb.__version__}, dialect and names given": duckdb_given,
    f"DuckDB {duckdb.__version__}, nothing given": duckdb_auto,
    "Python csv, Sniffer": python_csv,
    "CleverCSV": clever_csv,
}


def main(
    worst: Annotated[int, typer.Option(help="Show so many kinds that lose most, of the first two systems.")] = 0,
    only: Annotated[str, typer.Option(help="Systems whose name has this.")] = "",
    keep: Annotated[Path | None, typer.Option(help="Keep the files here.")] = None,
) -> None:
    """Print a table with a line for each system."""
    files = list(spoilt())
    assert len(files) == 2290, len(files)
    print(machine())
    print("| system | simple | weighted | rows lost and in no list | files a second |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        for item in files:
            (folder / f"{item.name}.csv").write_bytes(item.write().encode())
        for name, load in SYSTEMS.items():
            if only in name:
                _measure(name, load, files, folder, worst)


def _measure(name: str, load: Callable[[Path, Spoilt], Loaded], files: list[Spoilt], folder: Path, worst: int) -> None:
    total = weighted = weights = lost = 0.0
    losses: Counter[str] = Counter()
    started = time.monotonic()
    for item in files:
        try:
            loaded = load(folder / f"{item.name}.csv", item)
        except ImportError:
            print(f"| {name} | not installed | | | |")
            return
        except Exception as error:
            loaded = Loaded(None)
            losses[f"{item.kind}: {type(error).__name__} {str(error)[:80]!r}"] += 0.0001
        reached = score(item.truth, loaded.rows)
        weight = SPARE.get(item.kind) or WEIGHTS[item.name]
        total, weighted, weights = total + reached, weighted + weight * reached, weights + weight
        lost += unaccounted(item, loaded)
        losses[item.kind] += 10 - reached
    seconds = time.monotonic() - started
    print(
        f"| {name} | {total / len(files):.3f} | {weighted / weights:.3f} | {lost:,.0f} | {len(files) / seconds:,.0f} |"
    )
    for kind, loss in losses.most_common(worst):
        print(f"    {kind}: {loss:.2f}")


if __name__ == "__main__":
    typer.run(main)
