"""The DAG that lets corrected rows in, started with its form and run with the real steps."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
import small_company

from sales_warehouse import corrections, quarantine, sheet, steps
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.run import make_run

pytestmark = pytest.mark.usefixtures("metadata_database")

NIGHT = datetime.datetime(2026, 7, 1, 18, tzinfo=datetime.UTC)
STARTER = "dag_test"  # the user as whom Airflow's `dag.test` starts a run
DONE = {"correct": "success", "let_in": "success", "refresh_marts": "success"}
REFUSED = {"correct": "failed", "let_in": "upstream_failed", "refresh_marts": "upstream_failed"}


@dataclass
class Desk:
    """A company whose shop sent four rows, two of them without an id, and the DAG `replay`."""

    company: Company
    home: Home
    dags: dict
    capture: pytest.CaptureFixture[str] = field(repr=False)

    def mend(self, name: str, *ids: str) -> None:
        """Export the held rows, give them ids in the order of the sheet, and put the sheet where the form finds it."""
        target = self.home.sheets / name
        target.parent.mkdir(exist_ok=True)
        sheet.export(self.home, self.company, "shop", "customers", target)
        text = target.read_text(encoding="utf-8-sig")
        for person, number in zip(("zhao", "qian"), ids, strict=False):
            assert f",,{person}" in text
            text = text.replace(f",,{person}", f",{number},{person}")
        target.write_text(text, encoding="utf-8-sig")

    def replay(self, **form: str) -> tuple[dict[str, str], str]:
        """Start the DAG with its form; return the state of each task and what was said."""
        run = self.dags["replay"].test(run_conf=form)
        said = self.capture.readouterr()
        return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}, said.out + said.err

    def accepted(self) -> list[tuple[str, str]]:
        return duckdb.sql(
            f"select customer_id, name from read_parquet('{self.home.accepted}/customers/_load_id=2*/*.parquet') "
            "order by all"
        ).fetchall()

    def held(self) -> list[int]:
        found = quarantine.failures(self.home, self.company.sources, quarantine.Filter())
        return sorted(item.row_number for item in found)

    def state(self) -> dict[str, bytes]:
        """Return every file that says what was let in, held back, repaired and corrected."""
        folders = (self.home.accepted, self.home.quarantine, self.home.repaired, self.home.corrections)
        return {
            f"{file.relative_to(self.home.dir)}": file.read_bytes()
            for folder in folders
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }


@pytest.fixture
def desk(
    dags: dict, company: Path, machine: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Desk:
    checked = load_company(company)
    home = Home(machine, checked.company_id)
    monkeypatch.setenv("SOURCE_DATA", str(home.source_data))
    for name in small_company.SOURCES:
        (home.source_data / name).mkdir(parents=True)
    (home.source_data / "shop" / "1.csv").write_text("id,name\n1,good\n2,better\n,zhao\n,qian\n", encoding="utf-8")
    run = make_run(company, as_of=NIGHT)
    for step in (steps.extract, steps.conform, steps.gate):
        step(run, "shop")
    desk = Desk(checked, home, dags, capfd)
    assert (desk.accepted(), desk.held()) == ([("1", "good"), ("2", "better")], [3, 4])
    return desk


def test_rows_that_the_form_mends_are_let_in_once(desk: Desk) -> None:
    desk.mend("mended.csv", "7", "8")
    form = {"sheet": "mended.csv", "why": "asked the shop"}
    assert desk.replay(**form)[0] == DONE
    assert desk.accepted() == [("1", "good"), ("2", "better"), ("7", "zhao"), ("8", "qian")]
    assert desk.held() == []
    kept = [(item.cell.row_number, item.value, item.by, item.why) for item in corrections.history(desk.home)]
    assert kept == [(3, "7", STARTER, "asked the shop"), (4, "8", STARTER, "asked the shop")]
    before = desk.state()
    assert desk.replay(**form)[0] == DONE
    assert desk.state() == before


def test_without_a_sheet_what_was_handed_back_before_is_let_in(desk: Desk) -> None:
    desk.mend("mended.csv", "7")
    content, at = (desk.home.sheets / "mended.csv").read_bytes(), datetime.datetime(2026, 7, 2, 1)
    sheet.take(desk.home, desk.company, content, by="Li Na", why="asked", at=at)
    assert desk.replay()[0] == DONE
    assert (desk.accepted()[-1], desk.held()) == (("7", "zhao"), [4])


def test_only_a_sheet_of_the_folder_is_taken(desk: Desk) -> None:
    desk.mend("mended.csv", "7", "8")
    outside = (desk.home.sheets / "mended.csv").rename(desk.home.dir / "mended.csv")
    (desk.home.sheets / "link.csv").symlink_to(outside)
    before = desk.state()
    for name in ("../mended.csv", f"{outside}", "link.csv", "never.csv"):
        tasks, said = desk.replay(sheet=name, why="asked")
        assert tasks == REFUSED
        assert f"there is no sheet {name!r} in {desk.home.sheets}; put it there, or give its name" in said
        assert desk.state() == before


def test_a_sheet_with_a_mistake_is_refused_with_its_line(desk: Desk) -> None:
    desk.mend("mended.csv", "7")
    mended = desk.home.sheets / "mended.csv"
    mended.write_text(mended.read_text(encoding="utf-8-sig").replace(",id,name", ",id,colour"), encoding="utf-8")
    before = desk.state()
    tasks, said = desk.replay(sheet="mended.csv", why="asked")
    assert tasks == REFUSED
    assert "unknown column colour" in said
    assert desk.state() == before
