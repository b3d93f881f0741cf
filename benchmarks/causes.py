"""Root causes: precision, recall and F1 of elements, and seconds a case, on public cases and on drawn ones.

`python benchmarks/causes.py --cases 100 [--data FOLDER]`, where FOLDER has the twenty public cases of the RiskLoc
generator with `injection_info.csv`. Counts are over all elements of all cases (micro), as in the papers. `quiet` cases
have no cause: what is found there is wrong. Seconds are of the processor, reading not counted. With `--durations`,
the cells behind medians instead (durations of two periods, `duration_cases.py`).
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import cause_cases as made
import duration_cases as waits
import typer
from measured import machine

from sales_warehouse import sql
from sales_warehouse.causes import deviation
from sales_warehouse.causes.explain import explain
from sales_warehouse.causes.median_search import explain_median
from sales_warehouse.causes.search import find_causes
from sales_warehouse.causes.table import Measure, read_table

CALM = replace(made.FAMILIES["short"], causes=(0, 0))
DRAWN: dict[str, Callable[[int], made.Case]] = {
    "several causes, noise to 25 % (48,000 cells)": lambda s: made.relative_noise_case(made.FAMILIES["short"], s),
    "single cells (36,000 cells)": lambda s: made.relative_noise_case(made.FAMILIES["long"], s),
    "the same, six attributes (576,000 cells)": lambda s: made.relative_noise_case(made.FAMILIES["high"], s),
    "ratios of sparse cells": made.ratio_case,
    "ratios, every member drifting": lambda s: made.ratio_case(s, 0.15),
    "counts, rises and falls": made.orders_case,
    "week against week, every member drifting": made.sales_case,
    "quiet: noise": lambda s: made.relative_noise_case(CALM, s),
    "quiet: ratios": lambda s: made.quiet(made.ratio_case(s), s),
    "quiet: counts": lambda s: made.quiet(made.orders_case(s), s),
}
LARGE = "the same, six attributes (576,000 cells)"


@dataclass
class Score:
    """Elements found, found wrongly and missed, and the seconds of each case."""

    right: int
    wrong: int
    missed: int
    seconds: list[float]

    def line(self, name: str) -> str:
        found, planted = self.right + self.wrong, self.right + self.missed
        both = found + planted
        shares = [self.right / found if found else 0, self.right / planted if planted else 0]
        shares.append(2 * self.right / both if both else 0)
        figures = " | ".join(f"{share:.3f}" for share in shares) if planted else f"{self.wrong} found | – | –"
        times = f"{sum(self.seconds) / len(self.seconds):.2f} | {max(self.seconds):.2f}"
        return f"| {name} | {len(self.seconds)} | {figures} | {times} |"


def main(
    cases: Annotated[int, typer.Option(help="Cases of each family.", min=1)] = 100,
    first_seed: Annotated[int, typer.Option(help="Seed of the first case.")] = 10_000,
    data: Annotated[Path | None, typer.Option(help="Folder of the public cases.")] = None,
    durations: Annotated[bool, typer.Option(help="Medians instead of sums and ratios.")] = False,
) -> None:
    """Print a table."""
    print(machine(), end="\n\n")
    print("| cases | how many | precision | recall | F1 | mean s | max s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    if durations:
        for name, kind in {**waits.KINDS, **waits.QUIET}.items():
            print(scored(waited(waits.duration_cases(kind, first_seed, cases))).line(name), flush=True)
        large = waits.duration_cases(waits.LARGE, first_seed, min(cases, 10))
        print(scored(waited(large)).line("100,000 rows: a combination slower"), flush=True)
        return
    if data:
        print(scored(public(data)).line("the twenty public cases"), flush=True)
    for name, draw in DRAWN.items():
        count = min(cases, 10) if name == LARGE else cases
        print(scored(drawn(draw(first_seed + at) for at in range(count))).line(name), flush=True)


def scored(results: Iterable[tuple[set, set, float]]) -> Score:
    """Add up (found, planted, seconds) of cases."""
    score = Score(0, 0, 0, [])
    for found, planted, seconds in results:
        score.right += len(found & planted)
        score.wrong += len(found - planted)
        score.missed += len(planted - found)
        score.seconds.append(seconds)
    return score


def drawn(cases: Iterable[made.Case]) -> Iterable[tuple[set, set, float]]:
    for case in cases:
        start = time.process_time()
        if case.actual_denominator is None or case.forecast_denominator is None:
            moved = deviation.additive(case.actual, case.forecast)
        else:
            moved = deviation.ratio(case.actual, case.forecast, case.actual_denominator, case.forecast_denominator)
        found = {cause.element for cause in find_causes(case.codes, moved)}
        yield found, set(case.truth), time.process_time() - start


def waited(cases: Iterable[waits.DurationCase]) -> Iterable[tuple[set, set, float]]:
    for case in cases:
        start = time.process_time()
        found = {cell.text for cell in explain_median(case.rows).cells}
        yield found, case.texts, time.process_time() - start


def public(folder: Path) -> Iterable[tuple[set, set, float]]:
    with tempfile.TemporaryDirectory() as temp, sql.connect(temp=Path(temp)) as db:
        for row in csv.DictReader((folder / "injection_info.csv").open()):
            table = read_table(db, folder / f"{row['timestamp']}.csv.gz", list("abcde"), Measure("real", "predict"))
            start = time.process_time()
            found = {cell.text for cell in explain(table).cells}
            yield found, set(row["set"].split(";")), time.process_time() - start


if __name__ == "__main__":
    typer.run(main)
