"""What a reading did, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from sales_warehouse.reading.read import Report

MOST_REASONS = 10


@contextmanager
def following(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Show how far a reading is; yield what takes the lines done and all lines."""
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("reading", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def show_report(report: Report, out: Path, rejects: Path, mended: Path, console: Console) -> None:
    """Print the dialect, the counts and the reasons."""
    found = ", ".join(f"{name} {value!r}" for name, value in report.dialect.items() if value)
    lines = [f"{report.file}: {report.encoding}, {found}"]
    lines += [f"  note: {note}" for note in report.notes]
    lines.append(f"  {report.rows:,} rows of {len(report.columns)} columns → {out}")
    for count, what, reasons, where in (
        (report.rejected, "rejected", report.reasons, rejects),
        (report.mended, "of the rows were put right", report.mends, mended),
    ):
        if count:
            lines.append(f"  {count:,} {what} → {where}")
            often = sorted(reasons.items(), key=lambda item: -item[1])
            lines += [f"    {number:,} × {reason}" for reason, number in often[:MOST_REASONS]]
            lines += [f"    and {len(often) - MOST_REASONS} more reasons"] if len(often) > MOST_REASONS else []
    lines.append(f"  {report.records:,} records = {report.rows:,} rows + {report.rejected:,} rejected")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
