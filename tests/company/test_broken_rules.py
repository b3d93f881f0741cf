"""A rule of alerts with a mistake is refused by the check; a night goes on without it, and says so."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from test_alert_mistakes import written

from sales_warehouse.company.load import CompanyError, load_company, load_for_a_night
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import write_settings
from sales_warehouse.watch.left_out import read_left_out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path)


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")


def test_a_night_has_the_other_rules_and_names_those_that_it_left_out(folder: Path) -> None:
    assert load_for_a_night(folder) == load_company(folder)
    change(folder, "alerts.yml", "metric: return_rate", "metric: retun_rate")
    change(folder, "alerts.yml", "kind: seasonal_band", "kind: seasonal")
    with pytest.raises(CompanyError, match="nothing was run"):
        load_company(folder)
    company = load_for_a_night(folder)
    assert [rule.id for rule in company.alerts.rules] == ["fall", "stale"]
    first, second = company.left_out_rules
    assert (first.place, second.place) == (0, 2)
    assert "alerts.yml:5: rules.0.metric" in first.why and "'return_rate'" in first.why
    assert "rules.2.kind" in second.why
    assert (first.line, first.part, first.mistake) == (
        5,
        "metric",
        "unknown metric 'retun_rate'; did you mean 'return_rate'?",
    )
    assert (first.rule_id, first.name_zh, first.owner, first.state) == ("back", "退货", "sales", None)
    assert second.mistake.startswith("Input should be 'threshold'") and second.mistake.endswith("found 'seasonal'")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("from: 2026-02-15", "from: 2026-02-30", "rules.0.mute.0.from: Input should be a valid date"),
        ("threshold_value: 0.2", "threshold_value: " + 5000 * "9", "rules.0.threshold_value"),
    ],
    ids=["a day that is none", "a number of 5,000 digits"],
)
def test_what_cannot_be_a_day_or_a_number_is_refused_in_its_place(folder: Path, old: str, new: str, said: str) -> None:
    change(folder, "alerts.yml", old, new)
    with pytest.raises(CompanyError, match=said):
        load_company(folder)
    assert [rule.place for rule in load_for_a_night(folder).left_out_rules] == [0]


@pytest.mark.parametrize(
    ("old", "new", "id_and_name"),
    [
        ("{en: Goods come back, zh: 退货}", "Goods come back", ("back", None)),
        ("{en: Goods come back, zh: 退货}", "{en: 7}", ("back", None)),
        ("id: back", "id: [back]", (None, "Goods come back")),
        ("id: back", "identity: back", (None, "Goods come back")),
    ],
    ids=["a name in no language", "a name that is a number", "an id that is a list", "no id"],
)
def test_what_cannot_be_read_of_a_broken_rule_is_not_there(
    folder: Path, old: str, new: str, id_and_name: tuple[str | None, str | None]
) -> None:
    change(folder, "alerts.yml", old, new)
    [rule] = load_for_a_night(folder).left_out_rules
    assert (rule.rule_id, rule.name_en) == id_and_name


@pytest.mark.parametrize("word", ["onn", "On", "enabled"])
def test_a_word_that_is_no_state_switches_nothing_off(folder: Path, word: str) -> None:
    change(folder, "alerts.yml", "id: back", f"id: back\n    state: {word}")
    [rule] = load_for_a_night(folder).left_out_rules
    assert (rule.rule_id, rule.part, rule.state) == ("back", "state", None)


def test_a_rule_that_is_no_rule_at_all_is_left_out(folder: Path) -> None:
    change(folder, "alerts.yml", "rules:\n", "rules:\n  - stalled deals, please\n")
    [rule] = load_for_a_night(folder).left_out_rules
    assert (rule.place, rule.line, rule.part, rule.rule_id) == (0, 2, "", None)


def test_the_settings_say_which_rules_were_left_out(folder: Path, tmp_path: Path) -> None:
    change(folder, "alerts.yml", "metric: return_rate", "metric: retun_rate")
    home, day = Home(tmp_path / "var", "small"), datetime.date(2026, 6, 30)
    moment = datetime.datetime(2026, 7, 1)
    write_settings(home, load_for_a_night(folder), as_of=moment, business_date=day, first_date=day)
    [rule] = read_left_out(home)
    assert (rule.rule_number, rule.line_number, rule.rule_id, rule.part) == (1, 5, "back", "metric")
    (tmp_path / "whole").mkdir()
    whole = load_company(written(tmp_path / "whole"))
    write_settings(home, whole, as_of=moment, business_date=day, first_date=day)
    assert read_left_out(home) == []


def test_a_night_goes_on_without_a_carrier_a_severity_and_a_playbook_that_have_mistakes(folder: Path) -> None:
    """The rule that names the playbook stays: that it is there can be read."""
    change(folder, "alerts.yml", "rules:\n", (
        "carriers: [{type: aprise, connection: x}, {type: apprise, connection: y}, {type: file}]\n"
        "required_actions: [critcal, warning]\nrules:\n"
    ))  # fmt: skip
    whole = load_for_a_night(folder)
    change(folder, "playbooks.yml", " owner: li,", "")
    with pytest.raises(CompanyError, match="3 mistakes") as told:
        load_company(folder)
    company = load_for_a_night(folder)
    assert [carrier.type for carrier in company.alerts.carriers] == ["apprise", "file"]
    assert company.alerts.required_actions == ("warning",)
    assert company.alerts.rules == whole.alerts.rules and company.left_out_rules == ()
    assert [playbook.id for playbook in whole.playbooks.playbooks] == ["call"] and not company.playbooks.playbooks
    assert all(f"{problem}" in f"{company.left_out}" for problem in told.value.problems)
    for text in (
        "a carrier was left out, mend it: ", "alerts.yml:1: carriers.0", "a severity was left out, mend it: ",
        "required_actions.0", "a playbook was left out, mend it: ", "playbooks.0.owner: is missing",
    ):  # fmt: skip
        assert text in "\n".join(company.left_out), text


def test_of_two_playbooks_with_one_id_the_first_stays(folder: Path) -> None:
    entry = (folder / "playbooks.yml").read_text(encoding="utf-8").strip().removeprefix("playbooks: [")[:-1]
    (folder / "playbooks.yml").write_text(f"playbooks: [{entry}, {entry}]\n", encoding="utf-8")
    company = load_for_a_night(folder)
    assert [playbook.id for playbook in company.playbooks.playbooks] == ["call"]
    assert len(company.left_out) == 1 and "playbooks.1.id" in company.left_out[0]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("alerts.yml", "rules:\n", "required_action: [critical]\nrules:\n"),
        ("alerts.yml", "rules:\n", "carriers: file\nrules:\n"),
        ("playbooks.yml", "playbooks:", "playbook:"),
        ("lifecycle.yml", "tiers", "tears"),
        ("alerts.yml", "rules:\n", "rulez:\n"),
    ],
    ids=["another part of the file", "no list", "no playbooks at all", "another file", "no rules at all"],
)
def test_any_other_mistake_stops_a_night(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CompanyError):
        load_for_a_night(folder)
