"""What becomes of an incident, night by night; every row is worked out by hand."""

from __future__ import annotations

import datetime

import pytest
from incident_nights import DATE, MOMENT, TERMS, Nights, alert, sql_of

W1, W2, W3 = "2026-06-01", "2026-06-08", "2026-06-15"
N1, N2, N3, N4 = "2026-06-07", "2026-06-14", "2026-06-21", "2026-06-28"  # the nights in which these weeks end
W1_DAY = datetime.date.fromisoformat(W1)
EAST = f"fall|east|{W1}"


def test_one_breach_is_one_incident_however_often_its_night_is_run() -> None:
    nights = Nights()
    assert nights.live(N1, [alert("east", W1)]) == [(EAST, "opened", True)]
    assert nights.live(N1, [alert("east", W1)]) == []
    assert nights.live("2026-06-10", [alert("east", W1)]) == []
    assert nights.statuses() == {EAST: "open"}


def test_a_night_that_is_run_again_publishes_the_same() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1), alert("west", W1)])
    nights.decide(EAST, "acknowledge", N1)
    published = []
    for _ in range(2):
        nights.live(N2, [alert("east", W2, "critical")])
        published.append((nights.rows("*"), nights.rows("*", "fct_incident_events")))
    assert published[0] == published[1]
    assert len(nights.rows("*", "stg_history__incident_events")) == 4


def test_what_changes_twice_within_one_moment_has_a_key_each_time() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    for size in ("0.3", "0.5"):
        assert nights.live("2026-06-08", [alert("east", W1, size=size)]) == [(EAST, "upgraded", True)]
    for alerts, kind in (([], "retracted"), ([alert("east", W1)], "reopened")) * 2:
        assert nights.live("2026-06-08", alerts)[0][1] == kind
    assert nights.rows("count(*), count(distinct event_key)", "fct_incident_events") == [(7, 7)]
    assert nights.statuses() == {EAST: "open"}


def test_still_breached_in_the_next_period_it_goes_on_and_is_not_told_again() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    assert nights.live(N2, [alert("east", W2)]) == [(EAST, "seen_again", False)]
    assert nights.rows(
        "incident_key, incident_status, first_period_start_date::varchar, period_start_date::varchar"
    ) == [(EAST, "open", W1, W2)]


@pytest.mark.parametrize("week", [W1, W2], ids=["in the same period", "in a later period"])
def test_what_got_more_severe_is_told(week: str) -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    assert nights.live(N2, [alert("east", week, "critical")]) == [(EAST, "upgraded", True)]
    assert nights.rows("severity, reason_en") == [("critical", "east fell by 0.2")]
    assert nights.live(N2, [alert("east", week, "critical")]) == []


@pytest.mark.parametrize(
    ("size", "events"),
    [
        ("0.29", []),
        ("0.3", [(EAST, "upgraded", True)]),
        ("0.14", []),
        ("0.13", [(EAST, "eased", False)]),
    ],
    ids=["a little larger", "half as large again", "a little smaller", "a third smaller"],
)
def test_late_data_that_make_the_same_breach_much_larger_are_told(size: str, events: list[tuple]) -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    assert nights.live("2026-06-09", [alert("east", W1, size=size)]) == events


def test_a_later_period_that_is_worse_by_size_alone_is_not_told() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    assert nights.live(N2, [alert("east", W2, size="0.9")]) == [(EAST, "seen_again", False)]


def test_it_closes_by_itself_when_a_later_period_is_judged_and_fine_and_says_so_once() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    [(key, kind, is_told)] = nights.live(N2, [])
    assert (key, kind, is_told) == (EAST, "resolved", True)
    assert nights.live(N3, []) == []
    assert nights.rows("incident_status, is_closed, status_date::varchar, status_by, standing_count") == [
        ("resolved", True, N2, None, 0)
    ]


def test_nothing_closes_before_its_rule_has_judged() -> None:
    nights = Nights()
    nights.live(N2, [alert("east", W2)])
    assert nights.live(N3, [], judged=N1) == []
    assert nights.statuses() == {f"fall|east|{W2}": "open"}


def test_a_breach_that_late_data_took_out_of_its_period_is_retracted() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    assert nights.live("2026-06-09", []) == [(EAST, "retracted", True)]
    assert nights.live("2026-06-09", []) == []
    assert nights.live(N2, []) == []


@pytest.mark.parametrize(
    ("own", "events"),
    [
        ({"west": N2}, []),
        ({"west": N3}, [(EAST, "lapsed", True)]),
        ({"west": N3, "east": N2}, [(EAST, "resolved", True)]),
        ({"west": N3, "east": None}, []),
        ({"west": None}, []),
    ],
    ids=["one period without it", "two periods without it", "judged and fine", "too small to judge", "nobody judged"],
)
def test_what_its_rule_judges_no_more_ends_without_a_claim_that_it_recovered(own: dict, events: list[tuple]) -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)], own={"east": N1, "west": N1})
    assert nights.live(N3, [], own=own) == events
    assert nights.live(N3, [], own=own) == []
    assert nights.statuses() == {EAST: events[0][1] if events else "open"}


def test_what_has_been_open_for_long_lapses_two_periods_after_its_member_was_last_judged() -> None:
    """It stays as low as it fell in the first week and is judged in the second, and has no figures since."""
    nights = Nights()
    nights.live(N1, [alert("east", W1)], own={"east": N1, "west": N1})
    nights.db.execute("insert into int_alert_periods_watched values ('fall', 'east', ?, true, false, false)", [N2])
    assert nights.live(N3, [], own={"west": N3}) == []
    assert nights.live(N4, [], own={"west": N4}) == [(EAST, "lapsed", True)]


def test_a_member_without_figures_of_days_off_has_not_lapsed_on_the_monday() -> None:
    """The office fell on a Friday and has no figures of weekends, which the shop has; in the end it has none at all."""
    nights = Nights()
    friday = "2026-06-05"
    key = f"fall|office|{friday}"
    assert (
        nights.live(friday, [alert("office", friday, days=1)], own={"office": friday, "shop": friday})[0][1] == "opened"
    )
    for night in ("2026-06-07", "2026-06-18"):
        assert nights.live(night, [], own={"shop": night}) == []
    assert nights.live("2026-06-19", [], own={"shop": "2026-06-19"}) == [(key, "lapsed", True)]


def test_a_goal_that_is_over_lapses_two_days_later() -> None:
    nights = Nights()
    goal = {**alert("east", N1, days=1), "dimension_name": "target"}
    nights.live(N1, [goal], own={"east": N1, "west": N1})
    assert nights.live("2026-06-08", [], own={"west": "2026-06-08"}) == []
    assert nights.live("2026-06-09", [], own={"west": "2026-06-09"}) == [(f"fall|east|{N1}", "lapsed", True)]


def test_of_several_of_which_one_is_judged_no_more_the_last_one_says_how_it_ended() -> None:
    both = [alert("east", W1, cause="milk"), alert("total", W1, cause="milk")]
    for own, last in (({"total": "2026-06-28"}, "resolved"), ({"west": "2026-07-12"}, "lapsed")):
        nights = Nights()
        nights.live(N1, both, own={"east": N1, "total": N1})
        seen = [alert("total", W3, cause="milk")]
        assert nights.live(N3, seen, own={"total": N3}) == [(EAST, "dropped", False), (EAST, "seen_again", False)]
        assert nights.live("2026-07-12", [], own=own) == [(EAST, last, True)]


@pytest.mark.parametrize(("is_breach", "end"), [(False, "retracted"), (True, "resolved")])
def test_a_breach_that_late_data_took_out_after_the_next_day_was_judged_is_retracted(is_breach: bool, end: str) -> None:
    nights = Nights()
    nights.live(N1, [alert("east", N1, days=1)], judged=N1)
    nights.look_back("east", N1, is_breach)
    nights.look_back("east", "2026-06-06", not is_breach)  # before it
    nights.look_back("west", N1, not is_breach)
    assert nights.live("2026-06-08", [], judged="2026-06-08") == [(f"fall|east|{N1}", end, True)]


@pytest.mark.parametrize(
    ("stays", "end"),
    [
        ([("2026-05-01", "2026-06-05")], "resolved"),
        ([("2026-05-01", None), ("2026-05-20", None)], "retracted"),
        ([("2026-05-01", None), ("2026-05-20", "2026-06-06")], "resolved"),
        ([("2026-04-01", "2026-04-20"), ("2026-05-01", None)], "retracted"),
        ([("2026-05-03", "2026-06-08")], "resolved"),
        ([], "resolved"),
    ],
    ids=["it stood still and has moved on", "it had left in time", "it stood still in the next stage",
         "it stood still in a stage before", "it came later and stood still later", "nothing is known of it any more"],
)  # fmt: skip
def test_a_deal_that_by_late_data_never_stood_still_is_taken_back(stays: list[tuple], end: str) -> None:
    """In its stage since 1 May and too long since 5 June, as was said on 7 June; a day later it is no alert."""
    nights = Nights()
    deal = {
        **alert("D1", "2026-05-01", days=38), "alert_kind": "alert_stalled_deals", "size_rate": None,
        "metric_id": None, "dimension_name": None, "dimension_value": None,
    }  # fmt: skip
    nights.live(N1, [deal])
    for entered, stalled in stays:
        nights.db.execute("insert into int_opportunity_stages_timed values ('D1', ?, ?)", [entered, stalled])
    nights.db.execute("insert into int_opportunity_stages_timed values ('D2', '2026-05-01', '2026-06-05')")
    assert nights.live("2026-06-08", [], judged="2026-06-08") == [("fall|D1|2026-05-01", end, True)]
    assert changes(nights) == [(end, "data" if end == "retracted" else None)]


def test_of_a_breach_of_several_periods_the_first_stands_so_it_is_resolved() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live(N2, [alert("east", W2)])
    assert nights.live("2026-06-16", []) == [(EAST, "resolved", True)]


def test_a_breach_that_is_back_in_the_period_in_which_it_went_is_the_same_incident() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live("2026-06-08", [])
    assert nights.live("2026-06-09", [alert("east", W1)]) == [(EAST, "reopened", True)]
    assert nights.statuses() == {EAST: "open"}


def test_a_breach_of_a_later_period_is_another_incident() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live(N2, [])
    assert nights.live(N3, [alert("east", W3)]) == [(f"fall|east|{W3}", "opened", True)]
    assert nights.statuses() == {EAST: "resolved", f"fall|east|{W3}": "open"}


def cooling(week: str, severity: str = "warning") -> dict:
    """A breach within the cooldown after that of the first week: the rule gives it the key of that alert."""
    return {**alert("east", week, severity), "alert_key": EAST}


def test_a_breach_within_the_cooldown_goes_on_without_a_word() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live(N2, [])
    assert nights.live(N3, [cooling(W3)]) == [(EAST, "reopened", False)]
    assert nights.statuses() == {EAST: "open"}
    assert nights.live(N4, []) == [(EAST, "resolved", False)], "nobody knows that it was open again"


def test_a_graver_breach_within_the_cooldown_is_told() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live(N2, [])
    assert nights.live(N3, [cooling(W3, "critical")]) == [(EAST, "reopened", True)]
    assert nights.live(N4, []) == [(EAST, "resolved", True)]


def test_a_breach_that_came_back_without_a_word_and_got_worse_ends_with_one() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live(N2, [])
    assert nights.live(N3, [cooling(W3)]) == [(EAST, "reopened", False)]
    assert nights.live("2026-06-22", [cooling(W3, "critical")]) == [(EAST, "upgraded", True)]
    assert nights.live(N4, []) == [(EAST, "resolved", True)]


def test_what_a_person_resolved_stays_so_within_the_cooldown() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "resolve", N1)
    assert nights.live(N2, [cooling(W2)]) == []
    assert nights.live(N3, [alert("east", W3)]) == [(f"fall|east|{W3}", "opened", True)]


def test_no_two_incidents_have_one_key() -> None:
    nights = Nights()
    first = [alert("east", W1, cause="milk"), alert("total", W1, cause="milk")]
    nights.live(N1, first)
    nights.live(N2, [])
    again = {**alert("west", W3), "alert_key": EAST}  # which no rule should give
    [(key, kind, _)] = nights.live(N3, [again])
    assert key.startswith(f"{EAST}|2026") and kind == "opened"


def test_what_a_person_acknowledged_goes_on_and_closes_like_any_other() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "acknowledge", N1)
    nights.live(N2, [alert("east", W2)])
    assert nights.rows("incident_status, status_by, status_note") == [("acknowledged", "ann", "noted")]
    assert nights.live(N3, []) == [(EAST, "resolved", True)]


def test_a_snoozed_incident_is_silent_until_its_date_and_then_speaks_once() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "snooze", N1, until="2026-06-16")
    assert nights.live(N2, [alert("east", W2, "critical")]) == [(EAST, "upgraded", False)]
    assert nights.statuses() == {EAST: "snoozed"}
    assert nights.live("2026-06-15", [alert("east", W2, "critical")]) == []
    assert nights.live("2026-06-16", [alert("east", W2, "critical")]) == [(EAST, "woken", True)]
    assert nights.rows("incident_status, severity, period_start_date::varchar") == [("open", "critical", W2)]
    assert nights.live("2026-06-17", [alert("east", W2, "critical")]) == []


def test_a_snoozed_incident_that_wakes_in_a_new_period_speaks_of_that_period() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "snooze", N1, until=N2)
    assert nights.live(N2, [alert("east", W2, size="0.5")]) == [(EAST, "seen_again", False), (EAST, "woken", True)]
    assert nights.rows("period_start_date::varchar, reason_en") == [(W2, "east fell by 0.5")]
    woken = nights.rows("reason_en", "(from fct_incident_events where event_type = 'woken')")
    assert woken == [("east fell by 0.5",)]


def test_a_snoozed_incident_that_recovers_or_is_retracted_says_nothing() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1), alert("west", W1)])
    for member in ("east", "west"):
        nights.decide(f"fall|{member}|{W1}", "snooze", N1, until="2026-07-01")
    assert nights.live("2026-06-08", [alert("west", W1)]) == [(EAST, "retracted", False)]
    assert nights.live(N2, []) == [(f"fall|west|{W1}", "resolved", False)]
    assert nights.live("2026-07-02", []) == []


def test_what_went_and_came_back_within_a_snooze_is_silent_and_snoozed_until_its_date() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "snooze", N1, until="2026-06-30")
    assert nights.live("2026-06-08", []) == [(EAST, "retracted", False)]
    assert nights.statuses() == {EAST: "retracted"}
    assert nights.live("2026-06-09", [alert("east", W1, "critical")]) == [(EAST, "reopened", False)]
    assert nights.rows("incident_status, is_closed, status_by, snoozed_until_date::varchar") == [
        ("snoozed", False, "ann", "2026-06-30")
    ]
    assert nights.live("2026-06-10", []) == [(EAST, "retracted", False)]
    assert nights.live("2026-06-11", [alert("east", W1)]) == [(EAST, "reopened", False)]
    assert nights.live("2026-06-30", [alert("east", W1)]) == [(EAST, "woken", True)]
    assert nights.rows("incident_status, status_by, status_date::varchar") == [("open", None, "2026-06-30")]
    assert nights.live("2026-07-01", []) == [(EAST, "resolved", True)]


@pytest.mark.parametrize(
    ("back", "is_told"), [("2026-06-15", False), ("2026-06-16", True)], ids=["before", "of its date"]
)
def test_what_comes_back_speaks_from_the_date_of_its_snooze_on(back: str, *, is_told: bool) -> None:
    nights = Nights()
    nights.live(N2, [alert("east", W2)])
    nights.decide(f"fall|east|{W2}", "snooze", N2, until="2026-06-16")
    nights.live("2026-06-15", [])
    assert nights.live(back, [alert("east", W2)]) == [(f"fall|east|{W2}", "reopened", is_told)]
    assert nights.live("2026-06-17", [alert("east", W2)]) == [] if is_told else [(f"fall|east|{W2}", "woken", True)]


def test_a_snooze_that_a_graver_alert_ended_is_over_for_what_comes_back() -> None:
    nights = Nights()
    first, graver = alert("east", W1, "info", cause="milk"), alert("total", W1, "critical", cause="milk")
    nights.live(N1, [first])
    nights.decide(EAST, "snooze", N1, until="2026-07-01")
    assert nights.live("2026-06-08", [first, graver]) == [(EAST, "joined", True)]
    assert (EAST, "retracted", True) in nights.live("2026-06-09", [])
    assert nights.live("2026-06-10", [first])[0] == (EAST, "reopened", True)
    assert nights.statuses() == {EAST: "open"}


def test_what_ended_within_a_snooze_that_came_back_is_told_from_its_date_on() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "snooze", N1, until=N2)
    nights.live("2026-06-08", [])
    nights.live("2026-06-09", [alert("east", W1)])
    assert nights.live(N2, []) == [(EAST, "resolved", True)]


def test_what_a_person_resolved_stays_so_for_its_period_and_a_later_breach_is_new() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "resolve", N1)
    assert nights.live("2026-06-09", [alert("east", W1, "critical")]) == []
    assert nights.statuses() == {EAST: "resolved"}
    assert nights.live(N2, [alert("east", W2)]) == [(f"fall|east|{W2}", "opened", True)]


def test_what_a_person_reopened_stays_open_until_the_figure_has_been_seen_again() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live(N2, [])
    nights.decide(EAST, "reopen", N2)
    assert nights.live(N3, []) == []
    assert nights.statuses() == {EAST: "open"}
    assert nights.live(N4, [alert("east", "2026-06-22")]) == [(EAST, "seen_again", False)]
    assert nights.live("2026-07-05", []) == [(EAST, "resolved", True)]


def test_what_a_person_resolved_and_reopened_stays_open_until_the_figure_has_been_seen_again() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "resolve", N1)
    nights.live(N2, [])
    nights.decide(EAST, "reopen", N2)
    assert nights.live("2026-06-15", []) == []
    assert nights.statuses() == {EAST: "open"}
    assert nights.live(N3, [alert("east", W3)]) == [(EAST, "seen_again", False)]
    assert nights.live(N4, []) == [(EAST, "resolved", True)]


def test_what_a_person_reopened_and_is_graver_than_it_was_is_told() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "resolve", N1)
    nights.decide(EAST, "reopen", "2026-06-08")
    assert nights.live("2026-06-08", [alert("east", W1, "critical")]) == [(EAST, "upgraded", True)]


def test_what_a_person_reopened_and_snoozed_speaks_again_once() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live(N2, [])
    nights.decide(EAST, "reopen", N2)
    nights.decide(EAST, "snooze", "2026-06-15", until="2026-06-20")
    assert nights.live("2026-06-19", []) == []
    assert nights.live(N3, []) == [(EAST, "woken", True)]
    assert nights.live(N4, []) == []
    assert nights.statuses() == {EAST: "open"}


def test_an_older_incident_that_a_person_reopened_takes_what_comes_and_no_second_one_opens() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "resolve", N1)
    nights.live(N2, [alert("east", W2)])
    nights.live(N3, [])
    nights.decide(EAST, "reopen", N3)
    assert nights.live(N4, [alert("east", "2026-06-22")]) == [(EAST, "seen_again", False)]
    assert nights.statuses() == {EAST: "open", f"fall|east|{W2}": "resolved"}


@pytest.mark.parametrize("decision", ["resolve", "snooze"])
def test_a_decision_that_was_made_while_a_night_woke_the_incident_stands(decision: str) -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "snooze", N1, until=N2)
    assert (EAST, "woken", True) in nights.live(N2, [alert("east", W2)])  # while somebody decided
    nights.version = 1
    nights.decide(EAST, decision, "2026-06-08", until="2026-07-01")
    nights.version = 2
    assert nights.live("2026-06-15", [alert("east", W2)]) == []
    assert nights.statuses() == {EAST: "resolved" if decision == "resolve" else "snoozed"}


def test_a_graver_alert_that_joins_what_is_snoozed_ends_the_snooze() -> None:
    nights = Nights()
    first = alert("east", W1, "info", cause="milk")
    nights.live(N1, [first])
    nights.decide(EAST, "snooze", N1, until="2026-07-01")
    assert nights.live("2026-06-08", [first, alert("north", W1, "info", cause="milk")]) == [(EAST, "joined", False)]
    assert nights.statuses() == {EAST: "snoozed"}
    graver = alert("total", W1, "critical", cause="milk")
    assert nights.live("2026-06-09", [first, graver]) == [(EAST, "joined", True), (EAST, "withdrawn", False)]
    assert nights.statuses() == {EAST: "open"}
    assert nights.live("2026-06-10", [first, {**graver, "size_rate": "0.5"}]) == [(EAST, "upgraded", True)]
    assert nights.live("2026-07-01", [first, {**graver, "size_rate": "0.5"}]) == []
    nights.decide(EAST, "snooze", "2026-07-01", until="2026-07-20")
    nights.make("2026-07-02")
    assert nights.statuses() == {EAST: "snoozed"}


def test_an_assignment_changes_who_answers_and_nothing_else() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.decide(EAST, "assign", N1, owner="Li")
    assert nights.live(N2, [alert("east", W2)]) == [(EAST, "seen_again", False)]
    assert nights.rows("incident_status, owner") == [("open", "Li")]


def test_a_decision_that_a_night_had_not_seen_comes_before_what_that_night_said() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live(N2, [])  # which was at work when somebody acknowledged what the night before had said
    nights.version = 1
    nights.decide(EAST, "acknowledge", N1)
    nights.version = 2
    assert nights.live(N3, []) == []
    assert nights.statuses() == {EAST: "resolved"}
    kinds = nights.db.execute("select event_type from fct_incident_events order by event_number").fetchall()
    assert kinds == [("opened",), ("acknowledged",), ("resolved",)]


def test_alerts_of_one_cause_in_one_period_are_one_incident() -> None:
    nights = Nights()
    first = [alert("east", W1, "critical", cause="milk"), alert("total", W1, cause="milk"), alert("west", W1)]
    assert nights.live(N1, first) == [
        (EAST, "opened", True),
        (EAST, "joined", False),
        (f"fall|west|{W1}", "opened", True),
    ]
    assert nights.rows("incident_key, severity, subject_count, standing_count") == [
        (EAST, "critical", 2, 2),
        (f"fall|west|{W1}", "warning", 1, 1),
    ]
    more = [*first, alert("north", W1, cause="milk")]
    assert nights.live("2026-06-08", more) == [(EAST, "joined", False)]
    assert nights.live(N2, [alert("total", W2, cause="milk")]) == [
        (EAST, "cleared", False),
        (EAST, "cleared", False),
        (EAST, "seen_again", False),
        (f"fall|west|{W1}", "resolved", True),
    ]
    assert nights.rows("incident_key, subject_key, severity, standing_count")[0] == (EAST, "fall|total", "warning", 1)
    assert nights.live(N3, []) == [(EAST, "resolved", True)]


def test_an_incident_of_several_is_retracted_only_when_late_data_took_all_of_it() -> None:
    for last, told in (("retracted", N1), ("resolved", N2)):
        nights = Nights()
        nights.live(N1, [alert("east", W1, cause="milk"), alert("total", W1, cause="milk")])
        assert nights.live("2026-06-08", [alert("total", W1, cause="milk")], judged=told) == [
            (EAST, "withdrawn" if told == N1 else "cleared", False)
        ]
        assert nights.live("2026-06-09", [], judged=N1) == [(EAST, last, True)]


def test_alerts_of_one_cause_in_other_periods_are_other_incidents() -> None:
    nights = Nights()
    events = nights.live(N1, [alert("east", W1, cause="milk"), alert("total", N1, cause="milk", days=1)])
    assert [kind for _, kind, _ in events] == ["opened", "opened"]


def test_a_graver_alert_that_joins_is_told() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1, cause="milk")])
    again = [alert("east", W1, cause="milk"), alert("total", W1, "critical", cause="milk")]
    assert nights.live("2026-06-08", again) == [(EAST, "joined", True)]
    assert nights.rows("severity, subject_key") == [("critical", "fall|total")]


def test_an_alert_that_is_graver_than_what_still_stands_is_told_when_it_joins() -> None:
    """A critical alert of the incident has recovered, a warning is left, and another critical one joins."""
    nights = Nights()
    nights.live(N1, [alert("east", W1, "critical", cause="milk"), alert("total", W1, cause="milk")])
    left = alert("total", W2, cause="milk")
    assert nights.live(N2, [left]) == [(EAST, "cleared", False), (EAST, "seen_again", False)]
    again = [left, alert("west", W2, "critical", cause="milk")]
    assert nights.live("2026-06-15", again) == [(EAST, "joined", True)]


def test_an_incident_of_a_rule_that_is_off_closes_without_a_word() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    assert nights.live("2026-06-08", [], rules="other") == [(EAST, "lapsed", False)]


@pytest.mark.parametrize("night", ["2026-06-08", N2], ids=["in the same period", "in a later period"])
def test_an_incident_that_an_edited_rule_would_not_open_closes_without_a_word(night: str) -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    assert nights.live(night, [], terms=TERMS.format(0.25)) == [(EAST, "lapsed", False)]
    assert nights.live(night, [], terms=TERMS.format(0.25)) == []


def test_an_incident_of_a_dimension_that_its_rule_was_taken_off_closes_without_a_word() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)], own={"east": N1})
    assert nights.live("2026-06-08", [], terms=TERMS.format(0.15).replace("region", "channel"), own={"shop": N1}) == [
        (EAST, "lapsed", False)
    ]


def test_what_an_edited_rule_still_warns_of_goes_on_and_recovers_by_the_new_terms() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    edited = {**alert("east", W1), "rule_terms": TERMS.format(0.1)}
    assert nights.live("2026-06-08", [edited], terms=TERMS.format(0.1)) == [(EAST, "seen_again", False)]
    assert nights.live("2026-06-08", [edited], terms=TERMS.format(0.1)) == []
    assert nights.live(N2, [], terms=TERMS.format(0.1)) == [(EAST, "resolved", True)]


def test_what_was_said_before_rules_were_kept_recovers_as_it_did() -> None:
    nights = Nights()
    nights.live(N1, [{**alert("east", W1), "rule_terms": None}])
    assert nights.live(N2, []) == [(EAST, "resolved", True)]


def test_a_night_that_was_not_published_leaves_nothing_behind() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)], publish=False)
    assert nights.live(N1, [alert("east", W1)]) == [(EAST, "opened", True)]


def test_an_older_date_that_is_refreshed_again_changes_nothing_of_what_came_later() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.live(N2, [alert("east", W2)])
    assert nights.live(N1, [alert("east", W1, "critical")]) == []
    assert nights.live(N1, []) == []
    assert nights.live(N3, [alert("east", W3)]) == [(EAST, "seen_again", False)]


def test_an_older_date_that_is_refreshed_again_opens_nothing_that_was_over_since() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    assert nights.live(N2, []) == [(EAST, "resolved", True)]
    assert nights.live(N1, [alert("east", W1)]) == []
    assert nights.live(N3, []) == []
    assert nights.live(N3, [alert("east", W1)]) == [(EAST, "reopened", True)]


def test_the_order_of_rows_changes_nothing() -> None:
    alerts = [alert(f"m{n}", W1, ("critical", "warning")[n % 2], cause=f"c{n % 3}") for n in range(12)]
    told = []
    for order in (alerts, alerts[::-1]):
        nights = Nights()
        nights.live(N1, order)
        nights.live(N2, [alert("m1", W2), alert("m4", W2)])
        told.append((nights.rows("*"), nights.rows("*", "fct_incident_events")))
    assert told[0] == told[1]


def changes(nights: Nights) -> list[tuple]:
    """The last event, and what had changed."""
    return nights.db.execute(
        "select event_type, changed_by from fct_incident_events order by event_number desc limit 1"
    ).fetchall()


@pytest.mark.parametrize("judged", [N1, N2], ids=["in the same period", "in a later period"])
def test_an_alert_that_another_goal_does_not_call_for_is_taken_back_and_nothing_has_recovered(judged: str) -> None:
    nights = Nights()
    nights.live(N1, [{**alert("east", W1), "goal_terms": "1000"}], own={"east": N1}, goal="1000")
    nights.look_back("east", W1, True)  # by the share that was due then
    assert nights.live(N2, [], own={"east": judged}, goal="900") == [(EAST, "retracted", True)]
    assert changes(nights) == [("retracted", "goal")]


def test_an_alert_of_a_goal_that_is_as_it_was_recovers() -> None:
    nights = Nights()
    nights.live(N1, [{**alert("east", W1), "goal_terms": "1000"}], own={"east": N1}, goal="1000")
    assert nights.live(N2, [], own={"east": N2}, goal="1000") == [(EAST, "resolved", True)]
    assert changes(nights) == [("resolved", None)]


def test_a_goal_that_was_not_kept_when_the_alert_was_opened_is_no_other_goal() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)], own={"east": N1})
    assert nights.live(N2, [], own={"east": N2}, goal="1000") == [(EAST, "resolved", True)]


def test_an_alert_that_another_goal_makes_worse_says_that_the_goal_was_changed() -> None:
    nights = Nights()
    nights.live(N1, [{**alert("east", W1), "goal_terms": "1000"}])
    higher = {**alert("east", W1, size="0.5"), "goal_terms": "2000"}
    assert nights.live("2026-06-08", [higher]) == [(EAST, "upgraded", True)]
    assert changes(nights) == [("upgraded", "goal")]
    mended = {**alert("east", W1, size="0.51"), "goal_terms": "2010"}
    assert nights.live("2026-06-09", [mended]) == [(EAST, "seen_again", False)]
    assert nights.live("2026-06-09", [mended]) == []


@pytest.mark.parametrize(("mark", "why"), [("r1", "data"), ("r2", "settings")])
def test_what_is_judged_otherwise_says_whether_settings_have_changed(mark: str, why: str) -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.change_settings(mark)
    nights.live("2026-06-08", [alert("east", W1, size="0.4")])
    assert changes(nights) == [("upgraded", why)]
    nights.live("2026-06-09", [])
    assert changes(nights) == [("retracted", "data")], "the settings are those of the night before"
    nights.live("2026-06-10", [alert("east", W1, size="0.4")])
    assert changes(nights) == [("reopened", "data")]


def test_what_goes_on_or_recovers_has_changed_nothing_of_the_past() -> None:
    nights = Nights()
    nights.live(N1, [alert("east", W1)])
    nights.change_settings("r2")
    nights.live(N2, [alert("east", W2, "critical")])
    assert changes(nights) == [("upgraded", None)]
    nights.live(N3, [])
    assert changes(nights) == [("resolved", None)]


def test_what_fell_and_falls_no_further_has_not_recovered() -> None:
    """700 a week, 336 (−52 %), 336 and 400 (−43 %) stay open; 610 is within 15 % of 700 (595 from there on)."""
    nights = Nights()
    nights.weeks("east", W1, 700, 336, 336, 400, 594, 596)
    assert nights.live(N1, [alert("east", W1)]) == [(EAST, "opened", True)]
    for night in (N2, N3, N4):
        nights.db.execute("create or replace temp table kept as from int_alert_periods_judged")
        nights.db.execute(f"delete from int_alert_periods_judged where period_start_date > date '{night}'")
        assert nights.live(night, []) == []
        nights.db.execute("create or replace table int_alert_periods_judged as from kept")
        assert nights.statuses() == {EAST: "open"}
    assert nights.live("2026-07-05", []) == [(EAST, "resolved", True)]


def test_what_fell_from_below_nothing_has_recovered_within_its_share_of_it() -> None:
    """-1,050 after -700 is half of it less, and goes on being so; -804 is within 15 % of 700 (-805 from there on)."""
    for value, events in ((-1050, []), (-806, []), (-804, [(EAST, "resolved", True)])):
        nights = Nights()
        nights.weeks("east", W1, -700, -1050, value)
        nights.live(N1, [alert("east", W1)])
        assert nights.live(N2, []) == events


def test_a_holiday_is_neither_a_fall_nor_a_recovery() -> None:
    """700, 350 (−50 %), then a week of two days of five: 140 is as far down as before, 280 is back at 700 × 0.4."""
    for value, events in ((140, []), (280, [(EAST, "resolved", True)])):
        nights = Nights()
        nights.weeks("east", W1, 700, 350, value, rates=(1, 0.4))
        nights.live(N1, [alert("east", W1)])
        assert nights.live(N2, []) == events


def test_days_are_held_against_the_last_one_of_their_kind_before_the_fall() -> None:
    """100 a day; 10 on 15 to 23 February, a leave; 50 from Friday the 13th on, also on Saturdays that were made up.

    Neither a Sunday of the leave nor a made-up Saturday after one within the fall tells what the figure was before.
    """
    nights = Nights()
    friday = "2026-02-13"
    key = f"fall|east|{friday}"
    nights.day("east", friday, 50, ("2026-02-06", 100), "workday")
    assert nights.live(friday, [alert("east", friday, days=1)], judged=friday) == [(key, "opened", True)]
    for day, value, before, kind, holiday in (
        ("2026-02-22", 10, ("2026-02-15", 10), "holiday", 700),
        ("2026-02-28", 50, ("2026-02-14", 50), "made_up", 0),
    ):
        nights.day("east", day, value, before, kind, holiday)
        assert nights.live(day, [], judged=day) == []
    nights.day("east", "2026-03-01", 50, ("2026-02-08", 100), "off_day")
    seen = nights.live("2026-03-01", [alert("east", "2026-03-01", days=1)], judged="2026-03-01")
    assert seen == [(key, "seen_again", False)]
    nights.day("east", "2026-03-08", 50, ("2026-03-01", 50), "off_day")
    assert nights.live("2026-03-08", [], judged="2026-03-08") == []
    nights.day("east", "2026-03-15", 71, ("2026-03-08", 50), "off_day")
    assert nights.live("2026-03-15", [], judged="2026-03-15") == [(key, "resolved", True)]


def test_a_day_that_is_held_against_nothing_is_no_new_level() -> None:
    """Thirty days at half, then a made-up Saturday beside one of the fall; the Sunday after it is held against 100."""
    nights = Nights()
    first = datetime.date(2026, 2, 1)
    for number in range(30):
        day = first + datetime.timedelta(number)
        before = day - datetime.timedelta(7)
        nights.day(
            "east",
            f"{day}",
            50,
            (f"{before}", 50 if before >= first else 100),
            "off_day" if day.isoweekday() > 5 else "workday",
        )
    nights.live(f"{first}", [alert("east", f"{first}", days=1)], judged=f"{first}")
    nights.day("east", "2026-03-07", 50, ("2026-02-14", 50), "made_up")
    assert nights.live("2026-03-07", [], judged="2026-03-07") == []
    nights.day("east", "2026-03-08", 50, ("2026-03-01", 50), "off_day")
    assert nights.live("2026-03-08", [], judged="2026-03-08") == [(f"fall|east|{first}", "settled", True)]


def test_a_new_level_is_called_one_after_eight_weeks_and_not_a_recovery() -> None:
    nights = Nights()
    nights.weeks("east", W1, 700, *[336] * 8)
    nights.live(N1, [alert("east", W1)])
    assert nights.live("2026-07-26", []) == []
    nights.weeks("east", "2026-07-27", 336, 336)
    assert nights.live("2026-08-02", []) == [(EAST, "settled", True)]
    assert nights.rows("incident_status, is_closed") == [("settled", True)]
    assert nights.live("2026-08-02", []) == []


OLD, LEARNT = (400.0, 600.0), (250.0, 400.0)  # edges of a band before a fall to 300, and after five weeks of it


def weeks_of(nights: Nights, *weeks: tuple[float, tuple[float, float]]) -> None:
    """What the east sold from W1 on, week by week, and the edges of its band by then."""
    nights.judge_by_a_band()
    for place, (value, edges) in enumerate(weeks):
        nights.band("east", f"{W1_DAY + datetime.timedelta(7 * place)}", value, edges)


def test_what_is_back_in_a_band_that_has_learnt_the_fall_has_not_recovered() -> None:
    """300 in five weeks beside 400 to 600, and in the sixth beside 250 to 400; over once it is 400 again."""
    nights = Nights()
    weeks_of(nights, *[(300, OLD)] * 5, (300, LEARNT), (399, LEARNT))
    nights.live(N1, [alert("east", W1)])
    nights.live("2026-07-05", [alert("east", "2026-06-29")])
    assert nights.live("2026-07-12", []) == []
    assert nights.live("2026-07-19", []) == []
    assert nights.statuses() == {EAST: "open"}
    nights.band("east", "2026-07-20", 400, LEARNT)
    assert nights.live("2026-07-26", []) == [(EAST, "resolved", True)]


def test_what_rose_beyond_a_band_is_over_when_it_is_below_the_edge_of_before() -> None:
    for value, events in ((601, []), (600, [(EAST, "resolved", True)])):
        nights = Nights()
        weeks_of(nights, (700, OLD), (value, (500, 800)))
        nights.judge_by_a_band(direction="rise")
        nights.live(N1, [alert("east", W1)])
        assert nights.live(N2, []) == events


def test_the_band_of_before_is_scaled_to_the_days_of_a_week() -> None:
    """400 in five days are 160 in two: 159 is as low as before, 160 is not."""
    for value, events in ((159, []), (160, [(EAST, "resolved", True)])):
        nights = Nights()
        weeks_of(nights, (300, OLD))
        nights.band("east", W2, value, (100, 200), days=2)
        nights.live(N1, [alert("east", W1)])
        assert nights.live(N2, []) == events


def test_a_level_beyond_a_band_is_called_one_eight_weeks_after_it_went_there() -> None:
    nights = Nights()
    weeks_of(nights, *[(300, OLD)] * 5, *[(300, LEARNT)] * 3)
    nights.live(N1, [alert("east", W1)])
    nights.live("2026-07-05", [alert("east", "2026-06-29")])
    assert nights.live("2026-07-26", []) == []
    nights.band("east", "2026-07-27", 300, LEARNT)
    assert nights.live("2026-08-02", []) == [(EAST, "settled", True)]


def test_days_are_held_against_the_band_of_their_kind_of_day() -> None:
    """A Monday and a Tuesday fell; a Monday that is within the edges of the first one is no Tuesday."""
    nights = Nights()
    nights.judge_by_a_band("day")
    for start, value, edges, kind in (
        ("2026-06-01", 30, (40, 60), "1"),
        ("2026-06-02", 60, (80, 120), "2"),
        ("2026-06-08", 41, (20, 50), "1"),
    ):
        nights.band("east", start, value, edges, days=1, kind=kind)
    nights.live("2026-06-01", [alert("east", "2026-06-01", days=1)])
    nights.live("2026-06-02", [alert("east", "2026-06-02", days=1)])
    assert nights.live("2026-06-08", [], judged="2026-06-08") == [(EAST, "resolved", True)]
    nights = Nights()
    nights.judge_by_a_band("day")
    nights.band("east", "2026-06-01", 30, (40, 60), days=1, kind="1")
    nights.band("east", "2026-06-02", 60, (80, 120), days=1, kind="2")
    nights.band("east", "2026-06-09", 79, (50, 90), days=1, kind="2")
    nights.live("2026-06-01", [alert("east", "2026-06-01", days=1)])
    assert nights.live("2026-06-09", [], judged="2026-06-09") == []


def test_levels_are_joined_by_keys_and_never_row_by_row() -> None:
    """A company of two hundred rules has a million judged periods."""
    nights = Nights()
    weeks_of(nights, (300, OLD), (399, LEARNT))
    nights.live(N1, [alert("east", W1)])
    sql = sql_of("int_incident_levels_measured").replace(DATE, N2).replace(MOMENT, f"{N2} 18:00:00")
    [(_, plan)] = nights.db.execute(f"explain {sql}").fetchall()
    assert "HASH_JOIN" in plan and "NL_JOIN" not in plan and "NESTED_LOOP" not in plan


def test_what_fell_to_nothing_stays_open_and_is_not_called_recovered_by_the_first_sale() -> None:
    nights = Nights()
    nights.weeks("east", W1, 700, 0, 0)
    nights.live(N1, [alert("east", W1)])
    assert nights.live(N2, [], own={"east": None}) == []
    nights.weeks("east", W3, 0, 300)
    assert nights.live(N3, []) == []
    assert nights.statuses() == {EAST: "open"}


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_a_rule_that_looks_at_months_by_now_opens_anew(is_open: bool) -> None:
    """Its month began before the week that was known last."""
    nights = Nights()
    nights.live(N3, [alert("east", W3)])
    if not is_open:
        nights.live(N4, [])
    terms = TERMS.format(0.15).replace("week", "month")
    june = {**alert("east", W1, "critical", days=30), "rule_terms": terms}
    events = nights.live("2026-06-30", [june], terms=terms)
    dropped = [(f"fall|east|{W3}", "lapsed", False)] if is_open else []
    assert sorted(events) == sorted([(EAST, "opened", True), *dropped])
    assert nights.statuses()[EAST] == "open"
    assert nights.live("2026-06-30", [june], terms=terms) == []
