"""One delimited file to a table and a list of rejects: everything arrives or is listed, nothing is guessed."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import polluted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_desk import Desk
from swallowing import swallowing
from typer.testing import CliRunner

from sales_warehouse.cli import app
from sales_warehouse.extract import FileRefused
from sales_warehouse.extract import rows as slow
from sales_warehouse.extract.rows import Dialect
from sales_warehouse.reading import Given, GivenError, output, read, read_file

DAYS = "".join(f"2026-01-{day:02d},Tea {day},{day}.50\n" for day in range(1, 21))
SPECTRUM = Path(os.environ.get("SALES_WAREHOUSE_TEST_DATA", "/nonexistent")) / "csv_spectrum"
WRONG_ANSWERS = {"location_coordinates": {"Contact Phone Number": "2095257564"}}  # the file has another number


def test_a_plain_file_arrives_as_it_is(desk: Desk) -> None:
    report = desk.read('a,b\n007,"x, ""y"""\n 1 ,\n')
    assert desk.table == [["a", "b"], ["007", 'x, "y"'], [" 1 ", ""]]
    assert (report.records, report.rows, report.rejected, report.unaccounted) == (2, 2, 0, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("2026-01-09,Tea", "2 fields where the header has 3", id="a field is missing"),
        pytest.param("2026-01-09,Tea,1,2,3,4", "6 fields where the header has 3", id="fields that nobody knows"),
        pytest.param("2026-01-09,Tea\x00,1", "a NUL byte", id="NUL"),
        pytest.param("day,product,amount", "the line of names again", id="two files in one"),
        pytest.param('2026-01-09,"Te"a", "b"x,1',
                     "a quote inside a quoted field is not doubled, or a quote is not closed",
                     id="quotes that can be read in more than one way"),
    ],
)  # fmt: skip
def test_what_is_no_row_is_listed_with_line_reason_and_text(desk: Desk, line: str, reason: str) -> None:
    report = desk.read("day,product,amount\n" + DAYS + line + "\n" + DAYS)
    assert desk.rejects == [["22", reason, line]]
    assert (report.rows, report.rejected, len(desk.table)) == (40, 1, 41)


@pytest.mark.parametrize("line", ['1,"a"b', '1,"a"b"c'])
def test_text_after_a_closing_quote_is_a_fault_with_an_escape_too(desk: Desk, line: str) -> None:
    desk.read('a,b\n1,"x\\", y"\n' + line + '\n2,"z"\n', strict=True, escape="\\")
    assert desk.rejects == [["3", "a quote inside a quoted field is not doubled, or a quote is not closed", line]]
    assert desk.table[1:] == [["1", 'x", y'], ["2", "z"]]


def test_bytes_of_another_encoding_are_listed_as_they_are(desk: Desk) -> None:
    desk.read("a,b\n1,中\n".encode() + "2,华\n".encode("gb18030") + b"3,z\n")
    assert desk.rejects == [["3", "a byte outside of the encoding: 0xBB", r"2,\xbb\xaa"]]
    assert desk.table == [["a", "b"], ["1", "中"], ["3", "z"]]


@pytest.mark.parametrize(
    ("line", "fields", "what"),
    [
        pytest.param('2026-01-09,"Tea, 5" wide",9', ["2026-01-09", 'Tea, 5" wide', "9"],
                     "a quote inside of a field is taken as a character", id="a quote that is not doubled"),
        pytest.param('2026-01-09,"Tea,9', ["2026-01-09", '"Tea', "9"],
                     "a quote inside of a field is taken as a character", id="a quote that is never closed"),
        pytest.param("2026-01-09,,Tea,9", ["2026-01-09", "Tea", "9"],
                     "a delimiter too many, with nothing beside it, is left out", id="a delimiter too many"),
        pytest.param("2026-01-09;Tea;9", ["2026-01-09", "Tea", "9"], "this line has another delimiter: ';'",
                     id="a line with another delimiter"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_one_way_is_put_right_and_told(desk: Desk, line: str, fields: list[str], what: str) -> None:
    content = "day,product,amount\n" + DAYS + line + "\n" + DAYS
    report = desk.read(content)
    assert desk.table[21] == fields
    assert desk.mended == [["22", what, line, json.dumps(fields)]]
    assert (report.rows, report.mended, desk.rejects) == (41, 1, [])

    report = desk.read(content, strict=True)
    assert (report.rows, report.mended, len(desk.rejects)) == (40, 0, 1), "strict puts nothing right"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("2026-01-09,Tea,,9,", id="two fields too many, one of them in the middle"),
        pytest.param("2026-01-09,Green, tea,9", id="a comma in a text without quotes, or a column too many"),
        pytest.param('2026-01-09,Tea"set, six",9', id="a delimiter is missing before a quoted text"),
    ],
)
def test_what_could_be_two_things_is_not_put_right(desk: Desk, line: str) -> None:
    desk.read("day,product,amount\n" + DAYS + line + "\n" + DAYS)
    assert [(text, number) for number, _, text in desk.rejects] == [(line, "22")]


@pytest.mark.parametrize(
    ("above", "names", "note"),
    [
        pytest.param("", None, "there is no line of names", id="no names"),
        pytest.param("Report\n\nday,product,amount\n", ["day", "product", "amount"], None, id="a title above"),
        pytest.param("Report,,\n,,\nday,product,amount\n", ["day", "product", "amount"], None, id="a title of cells"),
        pytest.param("the,the,sum\nday,product,in yuan\n", ["the day", "the product", "sum in yuan"], None,
                     id="names over two lines"),
        pytest.param("day;product;amount\n", ["day", "product", "amount"], "line 1, the names: this line has another "
                     "delimiter: ';'", id="names with another delimiter"),
        pytest.param("day,,product,amount\n", ["day", "product", "amount"], "line 1, the names: a delimiter too many, "
                     "with nothing beside it, is left out", id="an empty name too many"),
        pytest.param("dayproduct,amount\n", None, "line 1: 2 names where the rows have 3 fields: which of them is "
                     "missing cannot be told, so the columns are numbered", id="a name too few"),
    ],
)  # fmt: skip
def test_the_line_of_names_is_found(desk: Desk, above: str, names: list[str] | None, note: str | None) -> None:
    report = desk.read(above + DAYS)
    assert desk.table[0] == (names or ["2026-01-01", "Tea 1", "1.50"])
    assert report.columns == (names or ["column_1", "column_2", "column_3"])
    assert report.notes == ([note] if note else [])
    assert report.rows == 20


def test_a_second_table_is_not_mixed_into_the_first(desk: Desk) -> None:
    report = desk.read("day,product,amount\n" + DAYS + "name,region,code\nAnna,East,E\nBen,North,N\n")
    assert report.rows == 20
    assert [(line, reason) for line, reason, _ in desk.rejects] == [
        ("22", "another table begins here"),
        ("23", "below the line where another table begins"),
        ("24", "below the line where another table begins"),
    ]


@pytest.mark.parametrize(
    ("lines", "below"),
    [
        pytest.param(["n/a,n/a,n/a"], DAYS, id="the same in each cell"),
        pytest.param(["n/a,n/a,n/a"] * 5, DAYS, id="five of them"),
        pytest.param(["none,missing,unknown"], DAYS, id="texts that could be names"),
        pytest.param(["none,missing,unknown", "void,void,not known"], DAYS, id="two of them"),
        pytest.param(["none,missing,unknown"], "", id="at the end"),
    ],
)
def test_a_row_without_a_value_of_its_kind_is_a_row(desk: Desk, lines: list[str], below: str) -> None:
    report = desk.read("day,product,amount\n" + DAYS + "\n".join(lines) + "\n" + below)
    assert desk.table[21 : 21 + len(lines)] == [line.split(",") for line in lines]
    assert (report.rows, desk.rejects) == (20 + len(lines) + len(below.splitlines()), [])


def test_another_table_of_the_same_width_may_have_columns_of_the_same_kinds(desk: Desk) -> None:
    desk.read("day,product,amount\n" + DAYS + "name,region,score\nAnna,East,1\nBen,North,2\n")
    assert [text for _, _, text in desk.rejects] == ["name,region,score", "Anna,East,1", "Ben,North,2"]


def test_names_with_a_line_end_in_quotes_are_names(desk: Desk) -> None:
    report = desk.read('"day\nof sale",product,amount\n' + DAYS)
    assert report.columns == ["day\nof sale", "product", "amount"]
    assert (report.rows, report.rejected) == (20, 0)


def test_quotes_in_fields_in_quotes_miss_no_delimiter(desk: Desk) -> None:
    desk.read("a,b,c\n" + "x,1,y\n" * 5 + '"5""x6",1,"12"""\n')
    assert (desk.table[-1], desk.rejects) == (['5"x6', "1", '12"'], [])


@pytest.mark.parametrize("big_bytes", [1 << 30, 0], ids=["small", "big"])
@pytest.mark.parametrize("above", [1, 2 * read.SAMPLE_LINES], ids=["in the sample", "below the sample"])
def test_a_line_that_is_too_long_is_one_reject(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, above: int, big_bytes: int
) -> None:
    monkeypatch.setattr(slow, "LONGEST_RECORD", 1 << 12)
    monkeypatch.setattr(read, "LONGEST_RECORD", 1 << 12)
    monkeypatch.setattr(read, "BIG_BYTES", big_bytes)
    report = desk.read("a,b\n" + "1,2\n" * above + "3," + "x" * 10_000 + "\n4,5\n")
    assert desk.table[-1] == ["4", "5"]
    assert [(line, reason) for line, reason, _ in desk.rejects] == [
        (str(above + 2), "longer than 4096 characters; is a quote not closed?")
    ]
    assert (report.records, report.rows, report.lines) == (above + 2, above + 1, above + 3)


def test_a_line_of_names_that_is_too_long_is_no_table(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "LONGEST_RECORD", 1 << 12)
    monkeypatch.setattr(read, "LONGEST_RECORD", 1 << 12)
    with pytest.raises(FileRefused, match="line 1 has more than 4,096 characters: is this a table"):
        desk.read("a," + "x" * 10_000 + "\n4,5\n")


def test_an_empty_file_is_an_empty_table(desk: Desk) -> None:
    report = desk.read(b"")
    assert (desk.table, report.records, report.notes) == ([], 0, ["0 bytes: there is nothing in it"])


def test_names_of_a_parquet_table_are_there_once_each(desk: Desk) -> None:
    desk.out = "table.parquet"
    report = desk.read("id,ID,,id_2\n1,2,3,4\n")
    assert report.columns == ["id", "ID_2", "column_3", "id_2_4"]
    assert duckdb.sql(f"select * from '{desk.folder / desk.out}'").fetchall() == [("1", "2", "3", "4")]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("spoilt", [False, True], ids=["by the rules", "with a row that is none"])
def test_big_files_give_what_small_ones_give(
    desk: Desk, ending: str, spoilt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "day,product,amount\r\n" + DAYS + '2026-02-01,"a ""b"",\nc",7\n' + ("2026-02-02,x\n" if spoilt else "")
    tables = []
    for big_bytes in (1 << 30, 0):
        monkeypatch.setattr(read, "BIG_BYTES", big_bytes)
        desk.out = f"table.{ending}"
        report = desk.read(content)
        tables.append(duckdb.sql(f"select * from '{desk.folder / desk.out}'").fetchall())
        assert (report.records, report.rows, report.rejected) == (21 + spoilt, 21, int(spoilt))
    assert tables[0] == tables[1]


def test_a_big_file_with_another_table_in_it_is_read_record_by_record(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "BIG_BYTES", 0)
    assert desk.read("day,product,amount\n" + DAYS + "name,region,code\nAnna,East,E\n").rejected == 2


@pytest.mark.parametrize("big_bytes", [1 << 30, 0], ids=["small", "big"])
def test_names_in_the_middle_of_texts_are_rejected_in_files_of_every_size(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, big_bytes: int
) -> None:
    monkeypatch.setattr(read, "BIG_BYTES", big_bytes)
    report = desk.read("name,region\nAnna,East\nname,region\nBen,North\n")
    assert desk.table == [["name", "region"], ["Anna", "East"], ["Ben", "North"]]
    assert (report.rows, desk.rejects) == (2, [["3", "the line of names again", "name,region"]])


@pytest.mark.parametrize("big_bytes", [1 << 30, 0], ids=["small", "big"])
@pytest.mark.parametrize("spoilt", [0, 1], ids=["a block at once", "record by record"])
def test_blank_lines_are_counted_and_told_where_they_could_be_values(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, big_bytes: int, spoilt: int
) -> None:
    monkeypatch.setattr(read, "BIG_BYTES", big_bytes)
    report = desk.read("no\n1\n\n2\n" + "3,4\n" * spoilt + '\n"\n5"\n\n')
    assert (report.records, report.rows, report.blank_lines) == (3 + spoilt, 3, 3)
    assert report.notes[-1] == "blank lines: 3; none is a row, not even an empty one"

    report = desk.read("no,b\n1,2\n\n3,4\n")
    assert report.blank_lines == 1
    assert not any("blank" in note for note in report.notes), "they are no values of two columns"


def test_a_first_line_that_could_be_a_row_is_told(desk: Desk) -> None:
    content = "Anna,East\nBen,North\nCleo,South\nDora,West\n"
    report = desk.read(content)
    assert report.notes == [
        "line 1 was taken for names, though the kinds of the columns do not tell it from a row: if it is one, say "
        "--dialect header=0"
    ]
    report = desk.read(content, header=0)
    assert (report.rows, desk.table[0]) == (4, ["Anna", "East"])
    assert desk.read(content, header=1).notes == []


def test_a_parser_that_drops_a_row_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = read.batches

    def lossy(*arguments: object):  # type: ignore[no-untyped-def]
        for batch in honest(*arguments):  # type: ignore[arg-type]
            del batch.rows[-1:]
            yield batch

    monkeypatch.setattr(read, "batches", lossy)
    with pytest.raises(FileRefused, match="1 records are neither rows nor rejected"):
        desk.read("a,b\n1,2\n3,4\n")
    assert not (desk.folder / desk.out).exists()


def test_a_bare_carriage_return_stays_inside_its_field(desk: Desk) -> None:
    report = desk.read('a,b\n1,"x\ry"\n"2\r",z\n3,""\n')
    assert (report.rows, desk.table) == (3, [["a", "b"], ["1", "x\ry"], ["2\r", "z"], ["3", ""]])


@pytest.mark.parametrize("out", ["table.csv", "table.parquet"])
def test_a_writer_that_loses_a_row_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    desk.out = out
    for kind in (output.Sheet, output.ParquetTable):
        write = kind.write
        monkeypatch.setattr(
            kind, "write", lambda table, rows, write=write: write(table, [r for r in rows if r[0] != "2"])
        )
    with pytest.raises(FileRefused, match="2 rows were written where 3 were read: this is a fault of the writer"):
        desk.read('a,b\n1,"x"\n2,y\n3,z\n')
    assert not (desk.folder / out).exists()


@pytest.mark.parametrize("keeps_first", [True, False], ids=["glues two records", "skips one"])
def test_a_record_that_csv_swallows_with_its_lines_is_caught(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, keeps_first: bool
) -> None:
    monkeypatch.setattr(Dialect, "reader", swallowing(Dialect.reader, keeps_first))
    with pytest.raises(FileRefused, match="the parser gave one record for 2 lines that are more"):
        desk.read("a,b\n" + "".join(f"{n},x\n" if n % 100 else f"{n}\n" for n in range(30_000)))
    assert not (desk.folder / desk.out).exists()


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.lists(st.sampled_from(["1", "2026-01-02", '"x, y"', '"a""b"', "中文", "", '"']), max_size=5)),
    noise=st.lists(st.tuples(st.integers(0, 400), st.sampled_from(b'",;\n\r\t\\\x00 \xff\xe4')), max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_whatever_comes_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], noise: list[tuple[int, int]], end: str
) -> None:
    content = bytearray(end.join(",".join(row) for row in rows).encode())
    for place, byte in noise:
        content[place:place] = bytes([byte])
    folder = tmp_path_factory.mktemp("any")
    (folder / "in.csv").write_bytes(content)
    try:
        report = read_file(folder / "in.csv", *(folder / name for name in ("t.csv", "r.csv", "m.csv")), Given())
    except FileRefused as error:
        assert "looks like utf-16" in str(error)  # every other byte is NUL
        return
    assert report.unaccounted == 0
    assert report.rows >= report.mended


@pytest.mark.data
@pytest.mark.skipif(not SPECTRUM.is_dir(), reason="set SALES_WAREHOUSE_TEST_DATA to the folder that has csv_spectrum/")
def test_the_public_set_is_read_as_promised_with_nothing_given(desk: Desk) -> None:
    files = sorted((SPECTRUM / "csvs").iterdir())
    assert len(files) == 12
    for file in files:
        desk.read(file.read_bytes())
        answer = json.loads((SPECTRUM / "json" / f"{file.stem}.json").read_text(encoding="utf-8"))
        answer = [row | WRONG_ANSWERS.get(file.stem, {}) for row in (answer if isinstance(answer, list) else [answer])]
        names, *rows = desk.table
        assert [dict(zip(names, row, strict=True)) for row in rows] == answer, file.stem


def test_of_polluted_files_every_row_arrives_or_is_listed(tmp_path: Path) -> None:
    """One of each kind of the benchmark, with the dialect given and without; see benchmarks/RESULTS.md for all."""
    seen: dict[str, int] = {}
    scores = []
    for item in polluted.spoilt():
        seen[item.kind] = seen.get(item.kind, 0) + 1
        if seen[item.kind] > 30 or (seen[item.kind] > 1 and item.kind not in polluted.SPARE):
            continue
        file = tmp_path / f"{item.name}.csv"
        file.write_bytes(item.write().encode())
        for is_given in (True, False):
            loaded = polluted.ours(file, item, is_given)
            assert polluted.unaccounted(item, loaded) == 0, item.name
            scores.append(polluted.score(item.truth, loaded.rows))
    assert len(seen) == 26
    assert sum(scores) / len(scores) > 9.7


def test_the_command_writes_everything_and_says_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes("名称;金额\n茶;1\n壶;2\n杯;3\n碗\n".encode("gb18030"))
    command = [
        str(Path(sys.executable).with_name("sales-warehouse")),
        "read",
        str(file),
        "--out",
        str(tmp_path / "t.csv"),
    ]
    done = subprocess.run(
        [*command, "--dialect", "delimiter=; encoding=gb18030", "--report", str(tmp_path / "report.json")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 × 1 fields where the header has 2" in done.stdout
    assert "4 records = 3 rows + 1 rejected" in done.stdout
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as text:
        assert list(csv.reader(text)) == [["名称", "金额"], ["茶", "1"], ["壶", "2"], ["杯", "3"]]
    assert (tmp_path / "t.csv.rejects.csv").read_text("utf-8").splitlines()[1] == "5,1 fields where the header has 2,碗"
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (told["encoding"], told["dialect"]["delimiter"], told["rows"], told["unaccounted"]) == ("gb18030", ";", 3, 0)

    done = subprocess.run([*command, "--dialect", "delimiter"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "--dialect 'delimiter': 'delimiter' has no value; write it as delimiter=; quote=double, or as JSON\n",
    )


def test_an_archive_is_named(desk: Desk) -> None:
    with pytest.raises(FileRefused, match="this is a gzip archive, not text"):
        desk.read(b"\x1f\x8b\x08\x00aaaa")
    assert not list(desk.folder.glob(".*"))


def test_names_that_are_said_to_go_beyond_the_file_are_those_that_are_there(desk: Desk) -> None:
    report = desk.read("id,name\n1,a,b\n2,c,d,e\n", header=5)
    assert (report.lines, report.name_lines, report.rows, report.unaccounted) == (3, 3, 0, 0)


def test_lines_before_the_table_may_be_more_than_a_sample(desk: Desk) -> None:
    report = desk.read("a; b, c\n" * 3_000 + "id,name\n1,x\n2,y\n", skip=3_000, header=1)
    assert (report.skipped_lines, report.columns, report.dialect["delimiter"]) == (3_000, ["id", "name"], ",")
    assert desk.table == [["id", "name"], ["1", "x"], ["2", "y"]]


def test_a_pipe_is_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in.csv")
    with pytest.raises(FileRefused, match="no regular file"):
        read_file(tmp_path / "in.csv", *(tmp_path / name for name in ("t.csv", "r.csv", "m.csv")), Given())


@pytest.mark.parametrize(
    "names", [("in.csv", "r.csv", "m.csv"), ("t.csv", "t.csv", "m.csv"), ("t.csv", "r.csv", "./r.csv")]
)
def test_no_file_of_a_reading_takes_the_place_of_another(tmp_path: Path, names: tuple[str, ...]) -> None:
    file = tmp_path / "in.csv"
    file.write_text("id,name\n1,a\n2\n")
    with pytest.raises(GivenError, match="are one file: give each of them a name of its own"):
        read_file(file, *(tmp_path / name for name in names), Given())
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    assert file.read_text() == "id,name\n1,a\n2\n"


@pytest.mark.parametrize("report", ["in.csv", "t.csv"])
def test_nor_does_the_account_of_its_lines(tmp_path: Path, report: str) -> None:
    file = tmp_path / "in.csv"
    file.write_text("id,name\n1,a\n2\n")
    done = CliRunner().invoke(
        app, ["read", str(file), "--out", str(tmp_path / "t.csv"), "--report", str(tmp_path / report)]
    )
    assert (done.exit_code, [path.name for path in tmp_path.iterdir()]) == (2, ["in.csv"])
    assert file.read_text() == "id,name\n1,a\n2\n"
