"""What a purge would take, and what it took, for people at a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from sales_warehouse import purge, purge_landing
from sales_warehouse.run import Run
from sales_warehouse.runlog import StepReport


def show_plan(run: Run, console: Console, *, is_dry: bool) -> None:
    """Show what is old enough, what of it a tier keeps, and where copies remain."""
    if not run.company.lifecycle.retention:
        console.print("Every conversation is kept: `retention` of lifecycle.yml gives no class an age.")
        return
    found = purge.find(run.home, run.company)
    first = purge.first_tier(run.home)
    table = Table("what", "source", "class", "older than", "goes", "customers", "oldest", f"kept, tier {first}")
    for item in found:
        numbers = (f"{item.going:,}", f"{item.customers:,}", str(item.oldest or "–"), f"{item.kept:,}")
        table.add_row(item.entity, item.source, item.retention_class, f"{item.keep_days} days", *numbers)
    console.print(table)
    total = sum(item.going for item in found)
    console.print(
        f"{total:,} texts as of business date {purge.marts_date(run.home)}; the conversations themselves stay."
    )
    console.print("What a purge does not reach:")
    for place in purge.REMAINS:
        console.print(f"  {run.home.dir}/{place}", soft_wrap=True, highlight=False)
    for mapping in purge_landing.unreached(run.company):
        where = f"landing/{mapping.source}: the texts of {mapping.table} → {mapping.entity}, because {mapping.why}"
        console.print(f"  {run.home.dir}/{where}", soft_wrap=True, highlight=False, markup=False)
    if is_dry:
        console.print("Nothing has been removed. To remove it for good: --remove")


def show_done(report: StepReport, console: Console) -> None:
    """Show what went."""
    texts, rows, landed = (report.rows[name] for name in ("texts", "accepted_rows", "landed_rows"))
    done = f"removed {texts:,} texts from {rows:,} accepted and {landed:,} landed rows"
    console.print(f"{done}; {'; '.join(report.notes)}", soft_wrap=True)
    if texts:
        console.print("The next refresh builds the working warehouse without them and publishes it.")
