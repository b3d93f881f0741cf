"""A breach that late data make in a period that was quiet on its night; every figure is worked out by hand.

Weeks begin on 25 May (W0), 1 June (W1), 8 June (W2) … and are judged on their Sunday: a fall of 15 % is a breach.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from late_nights import FALL, LateNights

W0, W1, W2, W3 = "2026-05-25", "2026-06-01", "2026-06-08", "2026-06-15"
N1, N2, N3, N4 = "2026-06-07", "2026-06-14", "2026-06-21", "2026-06-28"
LATE = f"fall|east|{W1}|late"
DATA = [(LATE, "opened", True, "data")]


def quiet(weeks: int = 2, **rule: object) -> LateNights:
    """A company whose first weeks brought 100 each, and whose nights had nothing to say."""
    nights = LateNights(**rule)
    nights.sell(W0, *[100] * (weeks + 1))
    for night in (N1, N2, N3, N4)[:weeks]:
        assert nights.live(night) == []
    return nights


def test_what_late_data_make_of_an_older_period_is_told_once_with_what_it_was() -> None:
    nights = quiet()
    nights.sell(W1, 80)
    assert nights.live("2026-06-16") == DATA
    assert nights.rows(
        "incident_status, is_late, opened_date::varchar, period_start_date::varchar, title_en, owner, severity"
    ) == [("open", True, "2026-06-16", W1, "Net sales, east: -20 %", "sales", "warning")]
    assert nights.rows("reason_en, reason_zh") == [
        (
            f"Net sales of east fell by 20 % in the week from {W1}, from 100.00 to 80.00. Found late: the figure "
            f"was restated since it was judged on {N1}; it was 100.00 then and is 80.00 now.",
            f"east的净销售额在 {W1} 起的一周环比下降 20%，由 100.00 变为 80.00。事后发现：{N1} 判定后，该指标被重述，"
            "由当时的 100.00 变为 80.00。",
        )
    ]
    assert nights.live("2026-06-16") == [], "a night that is run again"
    assert nights.live("2026-06-17") == []


def test_it_is_over_when_a_week_that_ended_after_it_was_found_is_fine() -> None:
    nights = quiet()
    nights.sell(W1, 80)
    nights.live("2026-06-16")
    nights.sell(W3, 100)
    assert nights.live("2026-06-20") == []
    assert nights.live(N3) == [(LATE, "resolved", True, None)]
    assert nights.live("2026-06-22") == []


def test_a_fall_that_was_found_late_is_not_over_by_falling_no_further() -> None:
    """100, then 60 from 1 June on, found on 16 June: 84 is more than 15 % below 100, 86 is not."""
    nights = quiet()
    nights.sell(W1, 60, 60)
    assert nights.live("2026-06-16") == DATA
    nights.sell(W3, 60, 84, 86)
    assert nights.live(N3) == nights.live(N4) == []
    assert nights.live("2026-07-05") == [(LATE, "resolved", True, None)]


def test_a_fall_that_was_found_late_and_stays_is_a_new_level_after_eight_weeks() -> None:
    nights = quiet()
    nights.sell(W1, *[60] * 9)
    nights.live("2026-06-16")
    assert nights.live("2026-07-26") == []
    assert nights.live("2026-08-02") == [(LATE, "settled", True, None)]


def test_it_is_taken_back_comes_back_and_gets_worse_like_any_other() -> None:
    nights = quiet()
    nights.sell(W1, 80)
    nights.live("2026-06-16")
    nights.sell(W1, 100)
    assert nights.live("2026-06-17") == [(LATE, "retracted", True, "data")]
    nights.sell(W1, 80)
    assert nights.live("2026-06-18") == [(LATE, "reopened", True, "data")]
    nights.sell(W1, 70)
    assert nights.live("2026-06-19") == [(LATE, "upgraded", True, "data")]
    assert nights.rows("incident_key, incident_status, is_late") == [(LATE, "open", True)]


def test_what_is_no_news_any_more_is_not_over_while_every_week_since_is_a_breach() -> None:
    """Up to 90 is a breach. 1 June is found at 85, all weeks from 15 June on are at 80, until one is at 100."""
    nights = LateNights()
    nights.rules([{**FALL, "kind": "threshold", "threshold_rate": None, "threshold_value": 90}])
    nights.sell(W0, 100, 95, 95, 80, 80, 80)
    assert nights.live(N1) == nights.live(N2) == []
    nights.sell(W1, 85)
    assert nights.live("2026-06-16") == DATA
    assert nights.live(N3) == [(f"fall|east|{W3}", "opened", True, None)]
    for night in (N4, "2026-07-04"):
        assert {kind for _, kind, *_ in nights.live(night)} <= {"seen_again"}
    assert nights.rows("is_late", "alert_metrics") == [(False,), (True,)]
    assert nights.live("2026-07-05") == [(f"fall|east|{W3}", "seen_again", False, None)], "four weeks after its end"
    assert nights.rows("is_late", "alert_metrics") == [(False,)]
    nights.sell("2026-07-06", 100)
    assert nights.live("2026-07-12") == [(LATE, "resolved", True, None), (f"fall|east|{W3}", "resolved", True, None)]


def test_what_was_taken_back_and_is_back_weeks_later_is_found_again() -> None:
    nights = quiet(3)
    nights.sell(W1, 80, 80)  # the week after it does not change
    nights.live("2026-06-22")
    nights.sell(W1, 100, 100)
    assert nights.live("2026-06-23") == [(LATE, "retracted", True, "data")]
    nights.sell("2026-06-22", 100)
    assert nights.live(N4) == []
    nights.sell(W1, 80, 80)
    assert nights.live("2026-06-30") == [(LATE, "reopened", True, "data")]
    assert nights.live("2026-07-01") == []
    nights.sell("2026-06-29", 100)
    assert nights.live("2026-07-05") == [(LATE, "resolved", True, None)]


def test_what_a_period_is_held_against_may_be_what_was_restated() -> None:
    nights = quiet()
    nights.sell(W0, 125)
    assert nights.live("2026-06-16") == DATA
    [(reason,)] = nights.rows("reason_en")
    assert reason.endswith(
        f"Found late: what it is held against was restated since it was judged on {N1}; it was 100.00 then and is "
        "125.00 now."
    )


def test_settings_that_have_changed_are_not_called_late_data() -> None:
    nights = quiet()
    nights.sell(W1, 80)
    assert nights.live("2026-06-16", mark="r2") == [(LATE, "opened", True, "settings")]
    [(english, chinese)] = nights.rows("reason_en, reason_zh")
    assert english.endswith("changed since, so late data need not be the reason.")
    assert chinese.endswith("其间配置、映射或模型有变更，未必由补录造成。")


@pytest.mark.parametrize(
    "change",
    [{"threshold_rate": 0.1}, {"id": "new"}, {"minimum_amount": 90}, {"direction": "rise"}],
    ids=["edited", "added", "asked for more", "turned round"],
)
def test_a_rule_that_is_new_or_was_edited_finds_nothing_late(change: dict) -> None:
    nights = LateNights()
    nights.sell(W0, *[100] * 3)
    nights.live(N1)
    nights.live(N2)
    nights.sell(W1, 80 if change.get("direction") != "rise" else 130)
    nights.sell(W2, 80 if change.get("direction") != "rise" else 130)
    nights.rules([{**FALL, **change}])
    assert nights.live("2026-06-16") == []
    assert nights.live("2026-06-17") == []


def test_a_figure_that_was_never_judged_or_not_changed_is_not_found_late() -> None:
    nights = quiet(1)
    nights.sell(W1, 80, 100, 100)  # nobody had a night for the week from 8 June
    nights.sell(W2, 60)
    assert [kind for _, kind, *_ in nights.live(N3)] == ["opened"], "the week from 1 June alone"
    assert nights.rows("period_start_date::varchar") == [(W1,)]


@pytest.mark.parametrize(
    "rule",
    [
        {"mute": [{"from": "2026-06-05", "to": "2026-06-08", "reason": "fair"}]},
        {"minimum_amount": 101},
        {"state": "trial"},
        {"members": ["west"]},
    ],
    ids=["muted", "too small", "on trial", "another member"],
)
def test_what_a_rule_would_not_have_told_is_not_told_late(rule: dict) -> None:
    nights = quiet(**rule)
    nights.sell(W1, 80)
    assert nights.live("2026-06-16") == []


def test_what_was_muted_on_its_night_is_not_told_when_the_mute_is_gone() -> None:
    nights = quiet(mute=[{"from": "2026-06-05", "to": "2026-06-08", "reason": "fair"}])
    nights.sell(W1, 80)
    nights.rules([FALL])
    assert nights.live("2026-06-16") == []


def test_what_is_older_than_news_may_be_is_not_told() -> None:
    nights = quiet(4)
    nights.sell("2026-06-29", 100, 100)
    nights.live("2026-07-05")
    nights.sell(W1, 80)
    assert nights.live("2026-07-05") == [], "the week ended four weeks before"
    nights.sell(W2, 60)  # a quarter less than the week before
    assert nights.live("2026-07-06") == [(f"fall|east|{W2}|late", "opened", True, "data")]


def test_a_breach_of_several_weeks_is_one_incident_of_the_last_one() -> None:
    nights = quiet(3)
    nights.sell(W1, 80, 60)
    late = f"fall|east|{W2}|late"
    assert nights.live("2026-06-23") == [(late, "opened", True, "data")]
    nights.sell("2026-06-22", 100)
    assert nights.live(N4) == [(late, "resolved", True, None)]
    assert nights.live("2026-06-29") == [], "the first week is not told afterwards"


@pytest.mark.parametrize(("cooldown", "told"), [(0, 1), (14, 0)], ids=["without a cooldown", "within the cooldown"])
def test_a_week_beside_a_breach_that_was_told_and_is_over_is_told_unless_it_is_the_same_alert(
    cooldown: int, told: int
) -> None:
    nights = LateNights(cooldown_days=cooldown)
    nights.sell(W0, 100, 80, 100, 100)
    assert [kind for _, kind, *_ in nights.live(N1)] == ["opened"]
    assert [kind for _, kind, *_ in nights.live(N2)] == ["resolved"]
    nights.live(N3)
    nights.sell(W2, 60, 60)  # the week after the breach is one, too
    assert len(nights.live("2026-06-23")) == told


def test_a_week_before_a_breach_that_is_open_is_no_other_incident() -> None:
    nights = LateNights()
    nights.sell(W0, 100, 100, 80)
    nights.live(N1)
    assert [kind for _, kind, *_ in nights.live(N2)] == ["opened"]
    nights.sell(W1, 80, 60)
    assert nights.live("2026-06-16") == []
    assert nights.rows("count(*)") == [(1,)]


def test_a_new_breach_is_told_beside_what_was_found_late_and_both_end() -> None:
    nights = quiet()
    nights.sell(W1, 80)
    nights.live("2026-06-16")
    nights.sell(W3, 70)
    assert nights.live(N3) == [(f"fall|east|{W3}", "opened", True, None)]
    nights.sell("2026-06-22", 100)
    assert nights.live(N4) == [(LATE, "resolved", True, None), (f"fall|east|{W3}", "resolved", True, None)]


def test_what_a_person_closed_stays_closed() -> None:
    nights = quiet()
    nights.sell(W1, 80)
    nights.live("2026-06-16")
    nights.db.execute(
        "insert into stg_watch__incident_decisions (decision_id, incident_key, decision_type, decided_by, decided_at, "
        f"version) values ('D1', '{LATE}', 'resolve', 'ann', '2026-06-16 20:00', '000003_20260616')"
    )
    nights.sell(W3, 100)
    for night in ("2026-06-17", N3, "2026-06-22"):
        assert nights.live(night) == []
    assert nights.rows("incident_status, status_by") == [("resolved", "ann")]


def test_half_a_year_that_is_restated_for_many_members_tells_the_recent_weeks_of_each_once() -> None:
    """Every second week of half a year turns into a fall: of each member the one that a night had judged is told."""
    nights = LateNights()
    members = [f"m{number}" for number in range(10)]
    nights.sell("2026-01-05", *[100] * 24, members=members)
    for night in (N1, N2, N3):
        nights.live(night)
    nights.sell("2026-01-05", *[80, 100] * 12, members=members)
    told = nights.live("2026-06-22")
    assert len(told) == 10 and {kind for _, kind, *_ in told} == {"opened"}
    assert nights.live("2026-06-22") == nights.live("2026-06-23") == []
    nights.rules([{**FALL, "threshold_rate": 0.19}])
    assert {(kind, is_told) for _, kind, is_told, _ in nights.live("2026-06-24")} == {("lapsed", False)}


def test_the_order_of_rows_changes_nothing() -> None:
    found = []
    for order in (1, -1):
        nights = LateNights()
        nights.sell(W0, *[100] * 3, members=("a", "b", "c")[::order])
        nights.live(N1)
        nights.live(N2)
        nights.sell(W1, 80, members=("c", "b", "a")[::order])
        nights.live("2026-06-16")
        found.append((nights.rows("*"), nights.rows("*", "alert_metrics")))
    assert found[0] == found[1]


def test_a_fall_that_is_more_than_late_records_explain_is_told_at_once_and_taken_back_if_they_come() -> None:
    """50 of 100 may become 62.5 at most, as nine of ten weeks had 80 % by then; three days later it is 95."""
    nights = LateNights(allow_late=True)
    nights.come_late()
    nights.sell(W0, 100, 50)
    assert nights.live(N1) == [(f"fall|east|{W1}", "opened", True, None)]
    assert nights.rows("reason_en, reason_zh") == [
        (
            f"Net sales of east fell by 50 % in the week from {W1}, from 100.00 to 50.00. Records of it are still to "
            "come: nine of ten such periods had 80 % or more of theirs by now, so it is judged as 62.50.",
            f"east的净销售额在 {W1} 起的一周环比下降 50%，由 100.00 变为 50.00。尚有记录未到：同类周期十分之九此时已有 "
            "80% 以上，故按 62.50 判定。",
        )
    ]
    nights.sell(W1, 95)
    assert nights.live("2026-06-10") == [(f"fall|east|{W1}", "retracted", True, "data")]


def test_what_did_not_come_after_all_is_told_although_the_figure_is_the_same() -> None:
    """80 of 100 may be 100 on Sunday and 88.89 six days later, a fall of 11 %; a day later it is a fall of 20 %."""
    nights = LateNights(allow_late=True)
    nights.come_late()
    nights.sell(W0, 100, 80)
    assert nights.live(N1) == nights.live("2026-06-13") == []
    nights.sell(W2, 100)
    assert nights.live(N2) == DATA
    assert nights.rows("value, judged_value, completeness_rate, said_value", "alert_metrics") == [(80, 80, 1, 80)]
    [(reason,)] = nights.rows("reason_en")
    assert reason.endswith(f"to 80.00. Found late: what could still come when it was judged on {N1} has not come.")
    assert nights.live("2026-06-15") == []


@pytest.mark.parametrize(
    ("value", "events"),
    [(95, [(f"fall|east|{W1}", "resolved", True, None)]), (70, [])],
    ids=["it comes", "it does not"],
)
def test_what_may_still_come_is_no_recovery_before_it_has_come(value: float, events: list[tuple]) -> None:
    """From 100 to 50, then 70 on the Sunday: with what may come 87.5, within 15 % of 100, which nobody can say yet."""
    nights = LateNights(allow_late=True)
    nights.come_late()
    nights.sell(W0, 100, 50, 70)
    assert [kind for _, kind, *_ in nights.live(N1)] == ["opened"]
    assert nights.live(N2) == []
    assert nights.rows("period_start_date, judged_value", "int_alert_periods_newest")[0][1] == Decimal("87.5")
    nights.sell(W2, value)
    assert nights.live("2026-06-20") == events


def test_what_has_not_come_in_full_is_no_restatement() -> None:
    """70 of 100 may be 87.5 on Sunday, a fall of 12.5 %; a week later it is 80, and nothing comes any more."""
    nights = LateNights(allow_late=True)
    nights.come_late()
    nights.sell(W0, 100, 70)
    assert nights.live(N1) == []
    nights.sell(W1, 80, 100)
    assert nights.live(N2) == DATA
    [(english, chinese)] = nights.rows("reason_en, reason_zh")
    assert english.endswith(
        f"Found late: what could still come when it was judged on {N1} has not come in full; it was 70.00 then and is "
        "80.00 now."
    )
    assert chinese.endswith(f"事后发现：{N1} 判定时尚可能补录的记录未全部到达，由当时的 70.00 变为 80.00。")


def test_a_figure_that_rose_is_not_what_a_fall_was_found_by() -> None:
    """101 for 100 is a fall since the week before had 125 after all."""
    nights = quiet()
    nights.sell(W0, 125, 101)
    assert nights.live("2026-06-16") == DATA
    [(reason,)] = nights.rows("reason_en")
    assert "what it is held against was restated" in reason and "it was 100.00 then and is 125.00 now." in reason
