"""The twenty questions of the benchmark have one answer, of the marts and of the rows as they came, at a small size."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sales_warehouse.home import Home

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import customer_360
import questions


@pytest.mark.slow
@pytest.mark.long
def test_marts_and_raw_rows_answer_alike_and_marts_take_less(tmp_path: Path) -> None:
    home = Home(tmp_path, "benchmark")
    customer_360.make(home, 50_000)
    customer_360.build(home)
    answers = questions.ask(home, repeats=3)
    assert len(answers) == 20
    assert [answer.question.asks for answer in answers if not answer.is_same] == []
    marts, raw = sum(answer.marts_ms for answer in answers), sum(answer.raw_ms for answer in answers)
    assert marts <= (1 - questions.LEAST_SAVED) * raw


def test_answers_that_differ_are_not_the_same() -> None:
    assert questions.is_same([("2026-06-01", "bulk:S1", 0.33333333)], [("2026-06-01", "S1", 1 / 3)])
    assert not questions.is_same([("2026-06-01", 0.3333)], [("2026-06-01", 1 / 3)])
    assert not questions.is_same([("S1", 1), ("S2", 1)], [("S1", 1)])
    assert not questions.is_same([], [])
