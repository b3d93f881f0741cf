"""A row in quarantine can be looked at, handed out, mended and handed back; doing it twice changes nothing."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import openpyxl
import pytest
from typer.testing import CliRunner
from written_company import files_source, write_company

from sales_warehouse import conformed, corrections, failpoint, gate, ledger, mended, quarantine, sheet
from sales_warehouse.cli import app
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.extract.originals import Located
from sales_warehouse.home import Home
from sales_warehouse.landing import Load, land, loads
from sales_warehouse.sheet import SheetRefused

READ_AT = datetime.datetime(2026, 3, 1, 1)
LATER = datetime.datetime(2026, 3, 2, 1)
CRM = files_source(
    "crm",
    """\
tables: {calls: {files: "*.csv", format: csv, columns: [no, buyer, seller, direction, at, seconds]}}
mappings:
  - entity: calls
    from: calls
    columns:
      call_id: no
      customer_id: buyer
      rep_id: seller
      direction: direction
      started_at: at
      duration_seconds: seconds
      recorded_at: at
""",
)
LISTS = """\
tables: {orders: {files: "*.csv", format: csv, columns: [no, items]}}
mappings:
  - entity: order_lines
    from: orders
    each: items
    columns:
      {order_id: no, line_number: item_number, product_id: "'P'", quantity: "item ->> 'q'", unit_price_amount: "'5'"}
"""
HEADER = "no,buyer,seller,direction,at,seconds\n"
GOOD = "1,C1,R1,inbound,2026-02-03 09:00:00,60\n"
NO_DATE = "2,C1,R1,inbound,yesterday,60\n"
TWO_FAULTS = "3,C2,R1,sideways,2026-02-03 11:00:00,many\n"
TOO_LONG = "4,C2,R1,inbound,2026-02-03 12:00:00,5,6\n"


@dataclass
class Desk:
    """A company with one source, its state, and the steps up to the gate."""

    company: Company
    home: Home
    folder: Path

    def refresh(self, at: datetime.datetime = READ_AT, **files: str) -> list[str]:
        """Read and judge; return the loads that were judged."""
        for name, text in files.items():
            (self.folder / "crm" / f"{name}.csv").write_text(HEADER + text, encoding="utf-8")
        source = self.company.sources["crm"]
        land(
            self.home, source, company_folder=self.folder, extracted_at=at, latest_moment=at, environment={},
            on_progress=lambda _: None,
        )  # fmt: skip
        waiting = self.waiting(at)
        for load in waiting:
            conformed.conform_load(self.home, self.company, source, load, lambda _: None)
            gate.gate_load(self.home, self.company, source, load, lambda _: None, at=at)
        return [load.load_id for load in waiting]

    def waiting(self, at: datetime.datetime | None = None) -> list[Load]:
        source = self.company.sources["crm"]
        return [
            load for load in loads(self.home, "crm") if not gate.stands(self.home, self.company, source, load, at=at)
        ]

    def accepted(self, columns: str = "call_id, duration_seconds") -> list[tuple]:
        return duckdb.sql(
            f"select {columns} from read_parquet('{self.home.accepted}/calls/_load_id=2*/*.parquet') order by 1"
        ).fetchall()

    def held(self) -> list[tuple]:
        found = quarantine.failures(self.home, self.company.sources, quarantine.Filter())
        return [(item.file, item.row_number, item.rule, item.column_name, item.value) for item in found]

    def export(self) -> list[dict[str, str]]:
        target = self.folder / "sheet.csv"
        sheet.export(self.home, self.company, "crm", "calls", target)
        return list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8-sig"))))

    def hand_back(
        self, rows: list[dict[str, str]], encoding: str = "utf-8-sig", why: str = "asked them"
    ) -> sheet.Taken:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue().encode(encoding)
        return sheet.take(self.home, self.company, content, by="Li Na", why=why, at=LATER)


def test_a_mapping_that_is_taken_back_after_a_killed_gate_gives_its_own_rows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate had let in the rows of the other mapping, and had not said so yet."""

    class Killed(Exception):
        pass

    def end(name: str) -> None:
        if name == "gate.after_accept":
            raise Killed

    desk.refresh(one=GOOD)
    assert desk.accepted() == [("1", 60)]
    mapping = desk.folder / "sources" / "crm.yml"
    mapping.write_text(CRM.replace("duration_seconds: seconds", 'duration_seconds: "cast(seconds as integer) * 2"'))
    with monkeypatch.context() as patched:
        patched.setattr(failpoint, "reach", end)
        with pytest.raises(Killed):
            replace(desk, company=load_company(desk.folder)).refresh()
    assert desk.accepted() == [("1", 120)]
    mapping.write_text(CRM, encoding="utf-8")
    assert len(desk.refresh()) == 1
    assert desk.accepted() == [("1", 60)] and desk.waiting() == []


def test_a_sheet_shows_no_formula_and_comes_back_as_it_was() -> None:
    for text in (
        "=1",
        "'=1",
        "''=1",
        "+86 138",
        "'+8613800138000",
        "-5",
        "it's",
        "'quoted'",
        "@x",
        "",
        "0012",
        "'0012",
        "1234567890123456",
        "3-4",
        "'3-4",
        "2026-02-03 09:00:07",
        "60",
        "'",
        "''",
    ):
        shown = sheet._shown(text)
        assert sheet._meant(shown) == text
        assert not shown.startswith(sheet.FORMULA) or sheet._is_number(shown)


@pytest.mark.parametrize(
    "text",
    ["3-4", "2026-02-03 09:00:07", "1/2/26", "10:30", "3月4日", "2026年3月", "SEPT2", "4-Mar", "01.02.2026", "1E5",
     "2026.1.5", "1:5", "上午9:30", "9时30分", "1.10", "3.0", ".5", "5.", "00.5", "-0", "0.00001", "true", "FALSE",
     "1,234", "50%", "12.50", "1 2/3", "(5)", "5-", "¥5", "$5.00", "+1", "１２", "1234567890.12345678", "#n/a"],
)  # fmt: skip
def test_what_excel_takes_for_a_day_or_another_number_is_kept_from_it(text: str) -> None:
    assert sheet._shown(text) == f"'{text}"
    assert sheet._meant(f"'{text}") == text


@pytest.mark.parametrize(
    "text", ["60", "1.1", "-5", "-0.5", "12345678901", "A3-4", "Mary 1a", "3-4-5-6", "10:30:00:00", "marketing"]
)
def test_what_excel_leaves_alone_is_shown_as_it_is(text: str) -> None:
    assert sheet._shown(text) == text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "company"
    (folder / "crm").mkdir(parents=True)
    write_company(folder, crm=CRM)
    return Desk(load_company(folder), Home(tmp_path / "var", "small"), folder)


@pytest.fixture
def workbook(tmp_path: Path) -> Desk:
    """A desk whose calls come in a workbook: one row, whose direction and duration are errors."""
    folder = tmp_path / "company"
    (folder / "crm").mkdir(parents=True)
    write_company(folder, crm=CRM.replace('"*.csv", format: csv', '"*.xlsx", format: excel'))
    book = openpyxl.Workbook()
    book.active.append(HEADER.strip().split(","))
    book.active.append([1, "C1", "R1", "#N/A", "2026-02-03 09:00:00", "#DIV/0!"])
    for place in ("D2", "F2"):
        book.active[place].data_type = "e"
    book.save(folder / "crm" / "calls.xlsx")
    return Desk(load_company(folder), Home(tmp_path / "var", "small"), folder)


def test_every_failing_row_is_there_with_every_reason_and_its_place(desk: Desk) -> None:
    desk.refresh(one=GOOD + NO_DATE + TWO_FAULTS + TOO_LONG)
    assert desk.held() == [
        ("one.csv", 2, "cast", "recorded_at", "yesterday"),
        ("one.csv", 2, "cast", "started_at", "yesterday"),
        ("one.csv", 3, "cast", "duration_seconds", "many"),
        ("one.csv", 3, "direction_known", "direction", "sideways"),
        ("one.csv", 4, "malformed", "_row", "line 5: 7 fields where the header has 6"),
    ]
    found = quarantine.failures(desk.home, desk.company.sources, quarantine.Filter(rule="malformed"))
    assert [item.reason_zh for item in found] == ["第 5 行：有 7 个字段，表头有 6 个"]
    assert quarantine.count_rows(desk.home, desk.company.sources) == 3
    assert quarantine.count_rows(desk.home, desk.company.sources, quarantine.Filter(rule="cast")) == 2
    counted = [(r.column_name, r.rule, r.row_count) for r in quarantine.reasons(desk.home, desk.company.sources)]
    assert sorted(counted) == sorted({(column, rule, 1) for *_, rule, column, _ in desk.held()})


def test_every_failing_row_has_its_line_and_its_bytes_also_when_the_source_is_gone(desk: Desk) -> None:
    desk.refresh(one=GOOD + "\n" + NO_DATE + '3,C2,R1,"side\nways",2026-02-03 11:00:00,1\n')
    (desk.folder / "crm" / "one.csv").unlink()
    found = quarantine.failures(desk.home, desk.company.sources, quarantine.Filter())
    assert {(item.row_number, item.line, item.original, item.original_bytes) for item in found} == {
        (2, 4, NO_DATE.rstrip("\n"), NO_DATE.rstrip("\n").encode()),
        (3, 5, '3,C2,R1,"side\nways",2026-02-03 11:00:00,1', b'3,C2,R1,"side\nways",2026-02-03 11:00:00,1'),
    }


def test_rows_of_many_files_of_one_load_have_their_lines(desk: Desk) -> None:
    desk.refresh(one=GOOD + NO_DATE, two=NO_DATE + GOOD, three=GOOD + GOOD + NO_DATE)
    found = quarantine.failures(desk.home, desk.company.sources, quarantine.Filter(column_name="started_at"))
    assert {(item.file, item.line) for item in found} == {("one.csv", 3), ("two.csv", 2), ("three.csv", 4)}
    assert {item.original for item in found} == {NO_DATE.rstrip("\n")}


def test_failing_rows_are_looked_for_in_numbers_and_parts_that_fit_into_memory() -> None:
    with duckdb.connect() as connection:
        file = "if(i < 3, 'b.csv', 'a.csv')"
        connection.execute(
            f"create table _held as select i as _row_id, {file} as _file, 9 - i as _row_number from range(7) as t(i)"
        )
        connection.execute("insert into _held values (7, 'b.csv', 3), (8, 'b.csv', 9)")
        found = {origin: numbers.tolist() for origin, numbers in gate._held_rows(connection)}
    assert found == {"a.csv": [3, 4, 5, 6], "b.csv": [3, 7, 8, 9]}
    long = [Located(number, number, None, bytes(1 << 20)) for number in range(100)]
    assert [len(part) for part in gate._parts(long)] == [33, 33, 33, 1]


def test_a_company_without_a_bad_row_has_an_empty_quarantine(desk: Desk) -> None:
    desk.refresh(one=GOOD)
    assert (desk.held(), quarantine.count_rows(desk.home, desk.company.sources)) == ([], 0)
    with pytest.raises(LookupError, match=r"nothing of crm\.calls is in quarantine"):
        desk.export()


def test_a_table_that_left_the_source_is_named_and_stops_no_other_sheet(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.refresh(a=GOOD + NO_DATE)
    (desk.folder / "sources" / "crm.yml").write_text(
        CRM.replace("{calls:", "{talks:").replace("from: calls", "from: talks")
    )
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(desk.home.dir.parent))
    asked = ["quarantine", "export", "--company", str(desk.folder), "--into", str(desk.folder)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0 and "crm.calls is no table of the source any more" in done.output
    done = CliRunner().invoke(app, [*asked, "crm.calls"])
    assert done.exit_code == 1 and "crm.calls is no table of the source any more" in done.output


def test_a_sheet_is_handed_back_on_the_command_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken once, in the name of who says so; what is refused takes nothing."""
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(desk.home.dir.parent))
    desk.refresh(one=GOOD + NO_DATE)
    desk.export()
    mended = desk.folder / "sheet.csv"
    mended.write_text(mended.read_text(encoding="utf-8-sig").replace(",yesterday,", ",2026-02-03 10:00:00,"))
    asked = ["quarantine", "correct", str(mended), "--why", "asked them", "--company", str(desk.folder)]
    nobody = CliRunner(env={"USER": ""}).invoke(app, asked)
    assert nobody.exit_code == 2 and "say who corrects it (--by)" in nobody.output
    assert not desk.home.corrections.exists()
    done = CliRunner(env={"USER": "anna"}).invoke(app, asked)
    assert (done.exit_code, done.output) == (0, f"{mended}: 1 cells of 1 rows corrected\n")
    again = CliRunner().invoke(app, [*asked, "--by", "Li Na"])
    assert (again.exit_code, again.output) == (0, f"{mended}: nothing new in it\n")
    (kept,) = corrections.history(desk.home)
    assert (kept.was, kept.value, kept.by, kept.why) == ("yesterday", "2026-02-03 10:00:00", "anna", "asked them")
    desk.refresh(LATER)
    assert desk.accepted() == [("1", 60), ("2", 60)]
    mended.write_text("a,b\n1,2\n")
    refused = CliRunner().invoke(app, [*asked, "--by", "anna"])
    assert refused.exit_code == 2 and f"{mended}: the header does not begin with source, table" in refused.output


def test_what_is_mended_in_the_sheet_is_let_in_and_the_rest_stays(desk: Desk) -> None:
    desk.refresh(one=GOOD + NO_DATE + TWO_FAULTS)
    rows = desk.export()
    assert [row["no"] for row in rows] == ["2", "3"]
    assert rows[1]["reasons"] == (
        "direction: The direction is not inbound or outbound; duration_seconds: no whole number, or too big"
    )
    rows[0]["at"] = "2026-02-03 10:00:00"
    rows[1]["seconds"] = "90"
    taken = desk.hand_back(rows)
    assert (taken.cells, taken.rows) == (2, 2)
    desk.refresh(LATER)
    assert desk.accepted() == [("1", 60), ("2", 60)]
    assert desk.held() == [("one.csv", 3, "direction_known", "direction", "sideways")]


def test_a_row_that_could_not_be_read_is_mended_by_saying_what_is_in_it(desk: Desk) -> None:
    desk.refresh(one=GOOD + TOO_LONG)
    (row,) = desk.export()
    assert row["no"] == ""
    row |= {"no": "4", "direction": "inbound", "at": "2026-02-03 12:00:00", "seconds": "56"}
    desk.hand_back([row])
    desk.refresh(LATER)
    assert desk.accepted() == [("1", 60), ("4", 56)]
    assert desk.held() == []


def test_of_a_row_of_a_workbook_only_the_cell_that_is_wrong_has_to_be_mended(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    (folder / "crm").mkdir(parents=True)
    write_company(folder, crm=CRM.replace('"*.csv", format: csv', '"*.xlsx", format: excel'))
    desk = Desk(load_company(folder), Home(tmp_path / "var", "small"), folder)
    book = openpyxl.Workbook()
    for row in (HEADER, GOOD.replace("60", "#N/A")):
        book.active.append(row.strip().split(","))
    book.save(folder / "crm" / "one.xlsx")
    desk.refresh()
    said = "seconds (cell F2) has the error #N/A"
    assert desk.held() == [("one.xlsx", 1, "malformed", "_row", said)]
    (row,) = desk.export()
    desk.hand_back([row | {"seconds": "60"}])
    desk.refresh(LATER)
    assert desk.accepted("call_id, customer_id, duration_seconds") == [("1", "crm:C1", 60)]


def test_a_row_with_two_wrong_cells_is_let_in_when_both_are_said(workbook: Desk) -> None:
    workbook.refresh()
    (row,) = workbook.export()
    assert "seconds (cell F2)" in row["reasons"] and "direction (cell D2)" in row["reasons"]
    workbook.hand_back([row | {"direction": "inbound"}])
    workbook.refresh(LATER)
    assert workbook.accepted() == []
    (row,) = workbook.export()
    assert (row["direction"], row["seconds"], row["no"]) == ("inbound", "", "1")
    workbook.hand_back([row | {"seconds": "60"}])
    workbook.refresh(LATER)
    assert workbook.accepted("call_id, direction, duration_seconds") == [("1", "inbound", 60)]
    assert workbook.held() == []


def test_a_wrong_cell_that_has_to_be_empty_is_said_to_be(workbook: Desk) -> None:
    workbook.refresh()
    (row,) = workbook.export()
    assert workbook.hand_back([row | {"direction": "inbound", "seconds": sheet.EMPTY}]).cells == 2
    workbook.refresh(LATER)
    assert workbook.accepted("call_id, direction, duration_seconds") == [("1", "inbound", None)]


def test_who_mends_a_row_that_nobody_could_read_speaks_for_all_its_cells(desk: Desk) -> None:
    desk.refresh(one=GOOD + TOO_LONG)
    (row,) = desk.export()
    given = {"no": "4", "buyer": "C2", "seller": "R1", "direction": "inbound", "at": "2026-02-03 12:00:00"}
    assert desk.hand_back([row | given]).cells == 6
    desk.refresh(LATER)
    assert desk.accepted("call_id, customer_id, duration_seconds") == [("1", "crm:C1", 60), ("4", "crm:C2", None)]
    assert [item.cell.column for item in corrections.history(desk.home) if not item.value] == ["seconds"]


def test_one_cell_alone_lets_no_unread_row_in(desk: Desk) -> None:
    desk.refresh(one=GOOD + TOO_LONG)
    (load,) = loads(desk.home, "crm")
    cell = corrections.Cell("crm", load.load_id, "calls", "one.csv", 2, "no")
    corrections.take(desk.home, [corrections.Correction(cell, None, "4", "Li Na", "asked them", LATER.isoformat())])
    desk.refresh(LATER)
    assert [item[2] for item in desk.held()] == ["malformed"]


def test_the_same_sheet_twice_changes_nothing(desk: Desk) -> None:
    desk.refresh(one=GOOD + NO_DATE)
    rows = desk.export()
    rows[0]["at"] = "2026-02-03 10:00:00"
    assert desk.hand_back(rows).cells == 1
    assert desk.hand_back(rows) == sheet.Taken()
    desk.refresh(LATER)
    assert desk.hand_back(rows) == sheet.Taken()
    assert desk.waiting() == []
    assert len(list(desk.home.corrections.glob("*.csv"))) == 1


def said(desk: Desk) -> list[tuple[str, str | None, str]]:
    return [(item.cell.column, item.was, item.value) for item in corrections.history(desk.home)]


def test_a_sheet_handed_in_again_takes_nothing_back_that_was_said_since(desk: Desk) -> None:
    desk.refresh(one=GOOD + TWO_FAULTS)
    anna = desk.export()
    anna[0]["seconds"] = "90"
    desk.hand_back(anna)
    bo = desk.export()
    bo[0] |= {"seconds": "95", "buyer": "C3"}
    assert desk.hand_back(bo).cells == 2
    assert desk.hand_back(anna) == sheet.Taken()
    assert desk.hand_back(bo) == sheet.Taken()
    assert said(desk) == [("seconds", "many", "90"), ("buyer", "C2", "C3"), ("seconds", "90", "95")]
    assert desk.export()[0]["seconds"] == "95", "the last word counts, though the clock says the same moment"


def test_two_people_who_mend_one_row_do_not_undo_each_other(desk: Desk) -> None:
    desk.refresh(one=GOOD + TWO_FAULTS)
    anna, bo = desk.export(), desk.export()
    anna[0]["seconds"] = "90"
    desk.hand_back(anna)
    bo[0]["direction"] = "inbound"
    assert desk.hand_back(bo).cells == 1
    desk.refresh(LATER)
    assert desk.accepted() == [("1", 60), ("3", 90)]
    untouched = [anna[0] | {"seconds": "many"}]
    assert desk.hand_back(untouched) == sheet.Taken()


def test_what_somebody_else_has_corrected_otherwise_is_refused_with_its_place(desk: Desk) -> None:
    desk.refresh(one=GOOD + TWO_FAULTS)
    anna, bo = desk.export(), desk.export()
    anna[0]["seconds"] = "90"
    desk.hand_back(anna)
    bo[0] |= {"direction": "inbound", "seconds": "95"}
    told = r"line 2, column seconds: was corrected otherwise since .* \(Li Na, 2026-03-02 01:00 UTC\); export it again"
    with pytest.raises(SheetRefused, match=told):
        desk.hand_back(bo)
    assert said(desk) == [("seconds", "many", "90")]
    bo[0]["seconds"] = "90"
    assert desk.hand_back(bo).cells == 1


def test_lines_that_contradict_each_other_or_their_place_are_refused(desk: Desk) -> None:
    desk.refresh(one=TWO_FAULTS + NO_DATE)
    rows = desk.export()
    twice = [rows[0] | {"seconds": "90"}, rows[0] | {"seconds": "95"}]
    with pytest.raises(SheetRefused, match="line 3, column seconds: another line says something else of the cell"):
        desk.hand_back(twice)
    apart = [rows[1] | {name: rows[0][name] for name in sheet.PLACE}]
    with pytest.raises(SheetRefused, match=r"row 1 is not what its line is about; were columns sorted apart\?"):
        desk.hand_back(apart)
    old = [{name: cell for name, cell in rows[0].items() if name != sheet.HANDED_OUT}]
    with pytest.raises(SheetRefused, match=r"an earlier version wrote the sheet.* export it again"):
        desk.hand_back(old)
    with pytest.raises(SheetRefused, match="line 2: handed_out is not as it was handed out"):
        desk.hand_back([rows[0] | {sheet.HANDED_OUT: "1e5"}])
    assert said(desk) == []


def through_excel(cell: str) -> str:
    """Return a cell as Excel leaves it that opened a sheet in UTF-8 and wrote it in the code page of the machine."""
    cell = cell.replace("\r\n", "\n").replace("\r", "\n")[:32_767]
    if cell.lower() in ("true", "false"):
        return cell.upper()
    try:
        return f"{float(cell):.10g}" if not cell.startswith("'") else cell
    except ValueError:
        return cell.encode("gbk", "replace").decode("gbk")


def test_excel_alone_says_nothing(tmp_path: Path) -> None:
    """The mended column lets rows in; whatever else Excel changed in them stays as it came."""
    folder = tmp_path / "company"
    (folder / "crm").mkdir(parents=True)
    write_company(folder, crm=CRM.replace("  - entity: calls\n", "  - entity: calls\n    where: buyer <> 'false'\n"))
    desk = Desk(load_company(folder), Home(tmp_path / "var", "small"), folder)
    odd = [
        "1.10",
        "3.0",
        ".5",
        "1234567890.123",
        "true",
        "50%",
        "007",
        "张三😀",
        '"two\r\nlines"',
        "x" * 40_000,
        "0.00001",
    ]
    desk.refresh(one="".join(f"{n},{cell},R1,inbound,yesterday,60\n" for n, cell in enumerate(odd)))
    rows = [{name: through_excel(cell) for name, cell in row.items()} for row in desk.export()]
    assert desk.hand_back(rows, "gbk") == sheet.Taken()
    for row in rows:
        row["at"] = "2026-02-03 10:00:00"
    assert desk.hand_back(rows, "gbk").cells == len(odd)
    assert {column for column, *_ in said(desk)} == {"at"}
    desk.refresh(LATER)
    given = [cell.strip('"').replace("\r", "") for cell in odd]
    found = {customer.removeprefix("crm:").replace("\r", "") for (customer,) in desk.accepted("customer_id")}
    assert (found, desk.held()) == (set(given), [])


@pytest.mark.parametrize("text", ["李三?", "张三??x", "张三"])
def test_only_letters_that_an_encoding_does_not_have_may_become_question_marks(text: str) -> None:
    assert not sheet._lost_letters("张三😀", text)
    assert sheet._lost_letters("张三😀", "张三??")


def test_what_was_repaired_stays_in_the_history(desk: Desk) -> None:
    desk.refresh(one=GOOD + NO_DATE)
    rows = desk.export()
    rows[0]["at"] = "2026-02-03 10:00:00"
    desk.hand_back(rows)
    desk.refresh(LATER)
    told = f"select row_number, rule, value, repaired_at from read_parquet('{desk.home.repaired}/*/*/*.parquet')"
    assert sorted(duckdb.sql(f"{told} where column_name = 'started_at'").fetchall()) == [
        (2, "cast", "yesterday", LATER)
    ]
    (kept,) = corrections.history(desk.home)
    assert (kept.was, kept.value, kept.by, kept.why) == ("yesterday", "2026-02-03 10:00:00", "Li Na", "asked them")
    rows[0]["at"] = "tomorrow"
    with pytest.raises(SheetRefused, match="row 2 is not in quarantine"):
        desk.hand_back(rows)


def test_what_was_repaired_stays_in_the_history_when_mappings_move(desk: Desk) -> None:
    """Another mapping is put before the one whose date is mended, which has another number from then on."""
    desk.refresh(one=GOOD + NO_DATE.replace("yesterday", "03.02.2026 10:00") + NO_DATE)
    assert len(list(desk.home.quarantine.glob("*/*/*.parquet"))) == 1
    visits = """\
  - entity: visits
    from: calls
    columns: {visit_id: no, customer_id: buyer, rep_id: seller, started_at: "'2026-02-03 09:00:00'"}
"""
    moved = CRM.replace("mappings:\n", f"mappings:\n{visits}")
    dated = "strftime(strptime(calls.at, '%d.%m.%Y %H:%M'), '%Y-%m-%d %H:%M:%S')"
    moved = moved.replace("_at: at", f"_at: \"case when contains(calls.at, '.') then {dated} else calls.at end\"")
    (desk.folder / "sources" / "crm.yml").write_text(moved, encoding="utf-8")
    desk.company = load_company(desk.folder)
    desk.refresh(LATER)
    (history,) = desk.home.repaired.glob("*/*/*.parquet")
    told = f"select distinct row_number, repaired_at from '{history}'"
    assert duckdb.sql(told).fetchall() == [(2, LATER)]
    held = [file for file in desk.home.quarantine.glob("*/*/*.parquet") if "/calls/" in str(file)]
    assert [file.name for file in held] == ["crm.1.parquet"]
    held[0].with_name("crm.0.parquet").write_bytes(held[0].read_bytes())  # as an earlier version left one
    items = list(ledger.gated(desk.home, ["crm"]))
    assert ledger.sweep_accepted(desk.home, items) == 2, "that, and what the mapping let in under its old number"
    assert [name for name, *_ in desk.accepted("call_id")] == ["1", "2"]
    assert held[0].exists() and quarantine.count_rows(desk.home, ["crm"], quarantine.Filter(entity="calls")) == 1
    (desk.folder / "sources" / "crm.yml").write_text(CRM[: CRM.index("mappings:")] + "mappings:\n" + visits, "utf-8")
    desk.company = load_company(desk.folder)
    desk.refresh(LATER)
    assert not list(desk.home.quarantine.glob("calls/*/*.parquet"))


def test_a_row_that_was_corrected_came_dirty_all_the_same(desk: Desk) -> None:
    desk.refresh(one=GOOD + NO_DATE + TWO_FAULTS + TOO_LONG)
    (before,) = ledger.gated(desk.home, ["crm"])
    rows = desk.export()
    rows[0]["at"] = "2026-02-03 10:00:00"
    rows[1] |= {"seconds": "90", "direction": "inbound"}
    rows[2] |= {"no": "4", "direction": "inbound", "at": "2026-02-03 12:00:00"}
    desk.hand_back(rows)
    desk.refresh(LATER)
    (after,) = ledger.gated(desk.home, ["crm"])
    assert (before.quarantined, before.dirty, before.repaired) == (3, 3, 0)
    assert (after.quarantined, after.dirty, after.repaired) == (0, 3, 3)
    told = {item["column_name"]: item["row_count"] for item in after.repairs if item["repair"] == "by_hand"}
    assert told == {"call_id": 1, "direction": 2, "started_at": 2, "recorded_at": 2, "duration_seconds": 1}
    shown = {item.column_name: item.examples for item in mended.summary(desk.home, ["crm"])}
    assert shown["duration_seconds"] == ["many → 90"]
    assert shown["started_at"] == [" → 2026-02-03 04:00:00", "yesterday → 2026-02-03 02:00:00"]


def test_of_a_list_that_was_corrected_the_other_elements_came_clean(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    (folder / "crm").mkdir(parents=True)
    write_company(folder, crm=files_source("crm", LISTS))
    desk = Desk(load_company(folder), Home(tmp_path / "var", "small"), folder)
    items = '[{""q"":1},{""q"":-2},{""q"":3}]'
    (folder / "crm" / "one.csv").write_text(f'no,items\n1,"{items}"\n2,"{items}"\n', encoding="utf-8")
    desk.refresh()
    target = folder / "sheet.csv"
    sheet.export(desk.home, desk.company, "crm", "orders", target)
    text = target.read_text(encoding="utf-8-sig").replace("-2", "2")
    assert sheet.take(desk.home, desk.company, text.encode(), by="Li Na", why="asked", at=LATER).cells == 2
    desk.refresh(LATER)
    (after,) = ledger.gated(desk.home, ["crm"])
    assert (after.accepted, after.quarantined, after.dirty) == (6, 0, 2)
    assert after.repairs == [{"column_name": "quantity", "repair": "by_hand", "row_count": 2}]


def test_of_two_values_in_a_list_that_are_mended_one_after_the_other_both_are_in_the_history(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    (folder / "crm").mkdir(parents=True)
    write_company(folder, crm=files_source("crm", LISTS))
    desk = Desk(load_company(folder), Home(tmp_path / "var", "small"), folder)
    (folder / "crm" / "one.csv").write_text('no,items\n1,"[{""q"":-1},{""q"":-2}]"\n', encoding="utf-8")
    desk.refresh()
    target, told = folder / "sheet.csv", f"select value, repaired_at from read_parquet('{desk.home.repaired}/*/*/*')"
    for night, wrong in enumerate(("-1", "-2"), 1):
        sheet.export(desk.home, desk.company, "crm", "orders", target)
        text = target.read_text(encoding="utf-8-sig").replace(f":{wrong}", f":{wrong[1:]}")
        at = READ_AT + datetime.timedelta(days=night)
        assert sheet.take(desk.home, desk.company, text.encode(), by="Li Na", why="asked", at=at).cells == 1
        desk.refresh(at)
        assert sorted(duckdb.sql(told).fetchall())[-1] == (wrong, at)
    assert duckdb.sql(f"select count(*) from ({told})").fetchone() == (2,)


def test_a_correction_that_is_wrong_too_can_be_corrected(desk: Desk) -> None:
    desk.refresh(one=GOOD + NO_DATE)
    rows = desk.export()
    rows[0]["at"] = "3 February"
    desk.hand_back(rows)
    desk.refresh(LATER)
    assert desk.held()[0][-1] == "3 February"
    rows = desk.export()
    assert rows[0]["at"] == "'3 February", "Excel would take it for a day of this year"
    rows[0]["at"] = "2026-02-03 10:00:00"
    desk.hand_back(rows)
    desk.refresh(LATER + datetime.timedelta(days=1))
    assert desk.held() == []
    assert [item.value for item in corrections.history(desk.home)] == ["3 February", "2026-02-03 10:00:00"]


def test_a_mended_row_takes_the_place_it_would_have_had(desk: Desk) -> None:
    """A later load already has a newer version of the call: the mended one is accepted in its own, older load."""
    desk.refresh(one=GOOD + NO_DATE)
    desk.refresh(LATER, two="2,C1,R1,outbound,2026-02-03 10:00:00,120\n")
    rows = desk.export()
    rows[0]["at"] = "2026-02-03 10:00:00"
    desk.hand_back(rows)
    desk.refresh(LATER + datetime.timedelta(days=1))
    assert desk.accepted("call_id, duration_seconds, dense_rank() over (order by _load_id)") == [
        ("1", 60, 1),
        ("2", 60, 1),
        ("2", 120, 2),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
def test_excel_may_write_the_sheet_in_any_of_its_encodings(desk: Desk, encoding: str) -> None:
    desk.refresh(one="2,康宁医药,R1,inbound,yesterday,60\n")
    rows = desk.export()
    rows[0]["at"] = "2026-02-03 10:00:00"
    assert desk.hand_back(rows, encoding).cells == 1


def test_no_cell_of_a_sheet_is_a_formula_and_none_changes_by_that(desk: Desk) -> None:
    hostile = "=cmd|' /C calc'!A0"
    desk.refresh(one=f"-2,@SUM(1),{hostile},inbound,yesterday,60\n")
    (row,) = desk.export()
    assert (row["no"], row["buyer"], row["seller"]) == ("-2", "'@SUM(1)", f"'{hostile}")
    assert desk.hand_back([row]) == sheet.Taken()
    row["at"] = "2026-02-03 10:00:00"
    desk.hand_back([row])
    desk.refresh(LATER)
    assert desk.accepted("call_id, customer_id, rep_id") == [("-2", "crm:@SUM(1)", f"crm:{hostile}")]


def test_a_cell_of_any_length_can_be_corrected(desk: Desk) -> None:
    """Another process may have read no file yet, whose reader raises the limit of csv."""
    long = "x" * 200_000
    desk.refresh(one=f"2,{long},R1,inbound,yesterday,60\n")
    csv.field_size_limit(131_072)
    target = desk.folder / "sheet.csv"
    sheet.export(desk.home, desk.company, "crm", "calls", target)
    handed = target.read_text(encoding="utf-8-sig").replace(long, "C1").replace("yesterday", "2026-02-03 10:00:00")
    assert sheet.take(desk.home, desk.company, handed.encode(), by="Li Na", why="", at=LATER).cells == 2
    csv.field_size_limit(131_072)
    corrections._read.cache_clear()
    desk.refresh(LATER)
    assert desk.accepted("call_id, customer_id") == [("2", "crm:C1")]


def test_a_column_with_the_name_of_a_place_is_mended_like_any_other(tmp_path: Path) -> None:
    names = {"no": "load_id", "buyer": "file", "seller": "source", "direction": "reasons", "at": "row_number"}
    told = CRM
    for name, other in names.items():
        told = (
            told.replace(f" {name}\n", f" {other}\n")
            .replace(f"{name},", f"{other},")
            .replace(f"[{name},", f"[{other},")
        )
    folder = tmp_path / "company"
    (folder / "crm").mkdir(parents=True)
    write_company(folder, crm=told)
    desk = Desk(load_company(folder), Home(tmp_path / "var", "small"), folder)
    (folder / "crm" / "one.csv").write_text(
        "load_id,file,source,reasons,row_number,seconds\n" + NO_DATE, encoding="utf-8"
    )
    desk.refresh()
    target = folder / "sheet.csv"
    assert sheet.export(desk.home, desk.company, "crm", "calls", target) == 1
    handed = target.read_text(encoding="utf-8-sig").replace("yesterday,60", "2026-02-03 10:00:00,60")
    taken = sheet.take(desk.home, desk.company, handed.encode(), by="Li Na", why="asked", at=LATER)
    assert (taken.cells, taken.rows) == (1, 1)
    desk.refresh(LATER)
    assert desk.accepted("call_id, customer_id") == [("2", "crm:C1")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: row | {"row_number": "1"}, r"line 2: one\.csv row 1 is not in quarantine; nothing"),
        (lambda row: row | {"row_number": "two"}, "line 2: row_number is not a number"),
        (lambda row: row | {"table": "visits"}, r"line 2: there is no table crm\.visits"),
        (lambda row: row | {"colour": "red"}, "unknown column colour"),
        (lambda row: {k: v for k, v in row.items() if k != "load_id"}, "the header does not begin with source, table"),
    ],
    ids=["a row that is not held", "a place that is none", "an unknown table", "an unknown column", "no place"],
)
def test_a_sheet_with_a_mistake_is_refused_whole(desk: Desk, change: Callable[[dict], dict], said: str) -> None:
    desk.refresh(one=GOOD + NO_DATE)
    (row,) = desk.export()
    with pytest.raises(SheetRefused, match=said):
        desk.hand_back([change(row | {"at": "2026-02-03 10:00:00"})])
    assert not desk.home.corrections.exists()


@pytest.mark.parametrize("by", ["", " \t"])
def test_a_sheet_that_nobody_hands_back_is_refused(desk: Desk, by: str) -> None:
    with pytest.raises(SheetRefused, match="say who corrects it"):
        sheet.take(desk.home, desk.company, b"", by=by, why="asked", at=LATER)
    assert not desk.home.corrections.exists()


def test_bytes_that_are_no_sheet_are_refused(desk: Desk) -> None:
    with pytest.raises(SheetRefused, match="neither UTF-8 nor GB18030"):
        sheet.take(desk.home, desk.company, b"\xff\xff\xff", by="Li Na", why="", at=LATER)


def test_a_cell_with_a_bare_carriage_return_can_be_corrected(desk: Desk) -> None:
    desk.refresh(one='2,C1,"R\r1",inbound,yesterday,60\n')
    (row,) = desk.export()
    desk.hand_back([row | {"at": "2026-02-03 10:00:00", "seller": "R1"}])
    assert [(item.was, item.value) for item in corrections.history(desk.home)][1] == (
        "yesterday",
        "2026-02-03 10:00:00",
    )
    assert corrections.history(desk.home)[0].was == "R\r1"
    desk.refresh(LATER)
    assert desk.accepted("call_id, rep_id") == [("2", "crm:R1")]


def test_broken_files_of_corrections_are_named_and_the_others_hold(desk: Desk) -> None:
    desk.refresh(one=NO_DATE)
    (row,) = desk.export()
    desk.hand_back([row | {"at": "2026-02-03 10:00:00"}])
    header = "source,load_id,table,file,row_number,column\n"
    broken = [b"source,load_id\nx\ry\n", b"\xff\xfe", f"{header}a,b,c,d,x,e\n".encode(), b"a\n1\n"]
    for number, content in enumerate(broken):
        (desk.home.corrections / f"20260101T000000_000000_{number}.csv").write_bytes(content)
    desk.refresh(LATER)
    assert desk.accepted() == [("2", 60)]
    named = corrections.broken(desk.home)
    assert [text.split(" cannot be read (")[0] for text in named] == [
        f"corrections/20260101T000000_000000_{number}.csv" for number in range(4)
    ]
    assert named[0].endswith("Restore it from a backup, or remove it and hand in its sheet again")


def test_the_last_moment_of_all_waits_for_ever_and_stops_nobody(desk: Desk) -> None:
    """West of Greenwich it lies in the year 10000 of UTC, which Python does not have."""
    desk.refresh(a=GOOD + "7,C1,R1,inbound,9999-12-31 23:59:59-08:00,60\n")
    assert ([call for call, _ in desk.accepted()], {row for _, row, *_ in desk.held()}) == (["1"], {2})
    assert desk.refresh(LATER) == []


def test_a_row_that_was_dated_ahead_is_let_in_on_the_day_after_its_moment(desk: Desk) -> None:
    ahead, mistyped = "5,C1,R1,inbound,2026-03-01 13:00:00,60\n", "6,C1,R1,inbound,2031-03-01 13:00:00,60\n"
    desk.refresh(a=GOOD + ahead + mistyped)
    assert {row for _, row, *_ in desk.held()} == {2, 3}

    def fingerprint() -> str:
        (load,) = loads(desk.home, "crm")
        return ledger.load_fingerprints(gate.read_gated(desk.home, "crm", load.load_id))[load.load_id]

    first = fingerprint()
    assert desk.refresh(READ_AT + datetime.timedelta(hours=9)) == [], "not more than once a day"
    assert len(desk.refresh(LATER)) == 1
    assert [call for call, _ in desk.accepted()] == ["1", "5"]
    assert {row for _, row, *_ in desk.held()} == {3}
    assert fingerprint() != first, "the marts are told of it"
    assert desk.refresh(LATER + datetime.timedelta(days=30)) == desk.waiting() == []


@pytest.mark.parametrize("again", ["", GOOD], ids=["each key once", "a key twice"])
def test_a_row_that_was_dated_ahead_stays_counted_as_dirty(desk: Desk, again: str) -> None:
    """A clock that runs ahead must not look clean on the day after."""
    ahead = "5,C1,R1,inbound,2026-03-01 13:00:00,60\n"

    def counts() -> tuple[int, int, int, int]:
        (load,) = loads(desk.home, "crm")
        (calls,) = gate.read_gated(desk.home, "crm", load.load_id)
        return calls.accepted, calls.quarantined, calls.repaired, calls.dirty

    desk.refresh(a=GOOD + ahead + again.replace(",60", ",61"))
    extra = len(again) > 0
    assert counts() == (1 + extra, 1, 0, 1)
    desk.refresh(LATER)
    assert counts() == (2 + extra, 0, 0, 1)
