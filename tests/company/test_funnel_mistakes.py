"""A limit that is no limit, two at once and one that is none of funnel.yml are refused, with the mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_configuration_mistakes import COMPANY, LIFECYCLE, SHOP

from sales_warehouse.company.load import CompanyError, load_company

FUNNEL = """\
maturity_days: 90
lead_statuses: {lost: [Recycled], living: [closed]}
stages: {order: [Talks, 商务谈判], closing: [Signed], living: [成交]}
stalled:
  limit: {after_days: 30}
  stages:
    商务谈判: {after_workdays: 15}
odd_step: {score: 3.5, minimum_entered: 50}
"""
CASES = {
    "two limits at once": ("{after_days: 30}", "{after_days: 30, after_workdays: 20}", [":5: stalled.limit", "one of"]),
    "no limit": ("{after_workdays: 15}", "{}", [":7: stalled.stages.商务谈判", "after_days or after_workdays"]),
    "a limit of no day": ("after_days: 30", "after_days: 0", [":5: stalled.limit.after_days", "greater than or equal"]),
    "a status of both kinds": ("[closed]", "[RE-CYCLED]", [":2: lead_statuses", "recycled: lost or living, one of"]),
    "a stage of both kinds": ("[成交]", "[signed]", [":3: stages", "signed: closing or living, one of the two"]),
    "an outcome among the stages": ("[Talks,", "[Closed - Lost,", [":3: stages", "closedlost: the outcome of a deal"]),
    "a stage that stands twice": ("[Talks,", "[商务 谈判,", [":3: stages", "a stage stands twice"]),
    "a key that is none": ("maturity_days", "maturity", [":1: maturity", "did you mean 'maturity_days'"]),
    "a score the wrong way": ("score: 3.5", "score: -3.5", [":8: odd_step.score", "greater than 0"]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    files = {
        "company.yml": COMPANY, "lifecycle.yml": LIFECYCLE, "sources/shop.yml": SHOP,
        "funnel.yml": FUNNEL,
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_funnel_with_all_of_it_is_taken(folder: Path) -> None:
    funnel = load_company(folder).funnel
    stalled, statuses = funnel.stalled, dict(funnel.lead_statuses.rows())
    assert (statuses["recycled"], statuses["closed"], statuses["closednotconverted"], statuses["新建"]) == (
        True, False, True, False,
    )  # fmt: skip
    stages = {word: (place, is_closing) for word, place, is_closing in funnel.stages.rows()}
    assert [stages[word] for word in ("talks", "商务谈判", "signed", "成交", "closedlost", "输单")] == [
        (1, False), (2, False), (None, True), (None, False), (None, True), (None, True),
    ]  # fmt: skip
    assert (stalled.limit.days, stalled.stages["商务谈判"].days) == (("calendar", 30), ("business", 15))


@pytest.mark.parametrize(("old", "new", "told"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_told_with_its_place_and_its_mend(folder: Path, old: str, new: str, told: list[str]) -> None:
    assert FUNNEL.count(old) == 1
    (folder / "funnel.yml").write_text(FUNNEL.replace(old, new), encoding="utf-8")
    with pytest.raises(CompanyError) as caught:
        load_company(folder)
    assert all(text in str(caught.value) for text in told), caught.value
