"""What cells contributed to the change of a median, by hand and against a slow and exact reckoning; what is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import duration_cases as made
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sales_warehouse.causes.contributions import Split
from sales_warehouse.causes.median_search import explain_median, share_beyond
from sales_warehouse.causes.medians import TICKS, Rows, curve, split_along, split_median
from sales_warehouse.causes.words import Names, sentences

Row = tuple[str, bool, int, bool]  # member, is after, duration, whether it ended
AFTER, BEFORE = True, False
QUIET = {name: kind for name, kind in made.QUIET.items() if not kind.drift}


def rows_of(*listed: Row, plain: bool = False) -> Rows:
    ordered = sorted(listed, key=lambda row: (row[2], row[3]))
    members = tuple(sorted({row[0] for row in listed}))
    return Rows(
        ("region",), (members,), np.array([[members.index(row[0])] for row in ordered]),
        np.array([row[2] * TICKS for row in ordered]), np.array([row[3] for row in ordered]),
        np.array([row[1] for row in ordered]), np.ones(len(ordered)), is_plain=plain,
    )  # fmt: skip


def lived(member: str, side: bool, *durations: int, ended: bool = True) -> list[Row]:
    return [(member, side, duration, ended) for duration in durations]


def split(rows: Rows, *members: str) -> Split:
    return split_median(rows, [rows.codes[:, 0] == rows.members[0].index(member) for member in members])


def parts(found: Split) -> list[tuple[Fraction, Fraction]]:
    return [(part.rate, part.mix) for part in found.parts]


def test_who_still_waits_counts_as_waiting() -> None:
    """Of 1, 2 and on, 3, 4: after the first 3/4 wait, of the two seen up to 3 one goes: 3/8. Of 1, 3, 4 alone: 3 too;
    with 2 taken for an end it would be 2."""
    rows = rows_of(*lived("a", BEFORE, 1, 3, 4), *lived("a", BEFORE, 2, ended=False), *lived("a", AFTER, 1))
    assert rows.figure() == (1, 3)
    waiting = rows_of(*lived("a", AFTER, 1), *lived("a", AFTER, 5, 6, ended=False), *lived("a", BEFORE, 1))
    assert waiting.figure() == (None, 1)


def test_a_plain_median_is_between_the_two_in_the_middle_and_that_of_kaplan_and_meier_the_shorter() -> None:
    listed = [*lived("a", BEFORE, 1, 2, 4, 9), *lived("a", AFTER, 2)]
    assert rows_of(*listed, plain=True).figure() == (2, 3)
    assert rows_of(*listed).figure() == (2, 2)


def test_the_cell_whose_durations_grew_has_all_of_it() -> None:
    """1 2 3 | 4 5 6 → 1 2 3 | 8 10 12: 3.5 → 5.5, whether b goes first or last."""
    rows = rows_of(
        *lived("a", BEFORE, 1, 2, 3), *lived("b", BEFORE, 4, 5, 6),
        *lived("a", AFTER, 1, 2, 3), *lived("b", AFTER, 8, 10, 12), plain=True,
    )  # fmt: skip
    found = split(rows, "a", "b")
    assert (found.change, parts(found), found.residual) == (2, [(0, 0), (2, 0)], 0)


def test_where_no_durations_changed_it_is_all_mix() -> None:
    """a has 6 of 9 and then 3, b the others: 3 → 7. Each alone moves it to 5, before and after the other: 2 and 2."""
    rows = rows_of(
        *lived("a", BEFORE, 1, 2, 3, 1, 2, 3), *lived("b", BEFORE, 7, 8, 9),
        *lived("a", AFTER, 1, 2, 3), *lived("b", AFTER, 7, 8, 9, 7, 8, 9), plain=True,
    )  # fmt: skip
    found = split(rows, "a", "b")
    assert (found.change, parts(found), found.residual) == (4, [(0, 2), (0, 2)], 0)
    along = split_along(rows, 0)
    assert (along.rate, along.mix, along.paradox) == (0, 4, None)


def test_twice_as_many_rows_of_everything_change_nothing() -> None:
    listed = [*lived("a", BEFORE, 1, 2, 3), *lived("b", BEFORE, 7, 8, 9)]
    later = [(member, AFTER, duration, ended) for member, _, duration, ended in listed]
    assert parts(split(rows_of(*listed, *later, *later), "a", "b")) == [(0, 0), (0, 0)]


def test_a_median_that_rises_while_every_member_gets_quicker_is_simpsons_paradox() -> None:
    rows = rows_of(
        *lived("easy", BEFORE, *[4] * 8), *lived("hard", BEFORE, *[20] * 2),
        *lived("easy", AFTER, *[3] * 2), *lived("hard", AFTER, *[18] * 8),
    )  # fmt: skip
    along = split_along(rows, 0)
    assert along.change == 14 and along.rate < 0 and along.paradox is not None and along.paradox.every
    assert "moved the other way" in sentences(explain_median(rows), "en")[-1]


def test_a_member_that_is_new_is_mix() -> None:
    """b alone beside the three of a is 2.25 of 5.25: the median stays 1; without it the later one would be 1, not 9."""
    rows = rows_of(*lived("a", BEFORE, 1, 1, 1), *lived("a", AFTER, 1), *lived("b", AFTER, 9, 9, 9))
    assert parts(split(rows, "b")) == [(0, 4)]
    assert (split_along(rows, 0).rate, split_along(rows, 0).mix) == (0, 8)


STAYS = st.lists(st.tuples(st.integers(1, 15), st.booleans()), min_size=1, max_size=60)


@settings(max_examples=200, deadline=None)
@given(STAYS)
def test_the_curve_is_that_of_scipy(stays: list[tuple[int, bool]]) -> None:
    """With ties, of ends with ends and with those who still wait. Where too many wait, none is the median."""
    rows = rows_of(*(("a", AFTER, duration, ended) for duration, ended in stays))
    starts, survival = curve(rows.ticks, rows.count, rows.is_ended)
    durations, ended = (np.array(column) for column in zip(*stays, strict=True))
    theirs = stats.ecdf(stats.CensoredData.right_censored(durations, ~ended)).sf
    assert list(rows.ticks[starts]) == [duration * TICKS for duration in sorted(set(durations.tolist()))]
    assert survival == pytest.approx(theirs.evaluate(rows.ticks[starts] / TICKS), abs=1e-12)
    reached = theirs.quantiles[theirs.probabilities <= 0.5 + 1e-9]
    assert rows.figure()[0] == (int(reached[0]) if len(reached) else None)


LISTS = st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=4)
SIDES = st.dictionaries(st.sampled_from("abc"), LISTS)
few = settings(max_examples=150, deadline=None)


def slow_median(rows: Sequence[tuple[int, bool, Fraction]], plain: bool) -> Fraction | None:
    """Of (duration, ended, weight), in fractions all the way; the longest where too many still run."""
    risk, going = sum((row[2] for row in rows if row[2]), Fraction()), Fraction(1)
    durations = sorted({row[0] for row in rows if row[2]})
    for duration in durations:
        here = [row for row in rows if row[0] == duration]
        going *= 1 - sum((row[2] for row in here if row[1]), Fraction()) / risk
        risk -= sum((row[2] for row in here), Fraction())
        if going == Fraction(1, 2) and plain:
            return Fraction(duration + durations[durations.index(duration) + 1], 2)
        if going <= Fraction(1, 2):
            return Fraction(duration)
    return Fraction(durations[-1]) if durations else None


@few
@given(SIDES, SIDES, st.booleans())
def test_contributions_are_what_a_slow_reckoning_gives_and_add_up(before: dict, after: dict, plain: bool) -> None:
    """Every fraction of the mixture is exact there; here the weights are floats and the medians exact."""
    sides = {
        BEFORE: {**before, "always": [(2, True), (3, True)]},
        AFTER: {**after, "always": [(1, True), (5, True), (8, True)]},
    }
    if plain:
        sides = {side: {m: [(d, True) for d, _ in each] for m, each in told.items()} for side, told in sides.items()}
    rows = rows_of(
        *((m, side, d, e) for side, told in sides.items() for m, each in told.items() for d, e in each), plain=plain
    )
    now, then = rows.figure()
    if now is None or then is None:
        return
    counts = {side: sum(map(len, told.values())) for side, told in sides.items()}
    unit = {BEFORE: Fraction(1), AFTER: Fraction(counts[BEFORE], counts[AFTER])}

    def mixed(cell: str, own: bool, times: Fraction, others: bool) -> Fraction:
        weighed = [(d, e, unit[own] * times) for d, e in sides[own].get(cell, [])]
        weighed += [(d, e, unit[others]) for m, each in sides[others].items() if m != cell for d, e in each]
        found = slow_median(weighed, plain)
        assert found is not None
        return found

    found = split(rows, *rows.members[0])
    assert sum((part.total for part in found.parts), Fraction()) + found.residual == now - then
    for member, part in zip(rows.members[0], found.parts, strict=True):
        one = Fraction(1)
        total = (mixed(member, AFTER, one, BEFORE) - then + now - mixed(member, BEFORE, one, AFTER)) / 2
        assert part.total == total
        old, new = (unit[side] * len(sides[side].get(member, [])) for side in (BEFORE, AFTER))
        if old and new:
            alone = mixed(member, AFTER, old / new, BEFORE) - then + now - mixed(member, BEFORE, new / old, AFTER)
            assert part.rate == alone / 2
        else:
            assert part.rate == 0
    along = split_along(rows, 0)
    assert along.rate + along.mix == now - then


@few
@given(SIDES, st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)), st.booleans())
def test_without_a_changed_duration_every_rate_effect_is_zero(sides: dict, times: dict, plain: bool) -> None:
    told = {**sides, "always": [(2, True), (6, True)]}
    listed = [(m, BEFORE, d, e or plain) for m, each in told.items() for d, e in each]
    later = [(m, AFTER, d, e) for m, _, d, e in listed for _ in range(times.get(m, 1))]
    rows = rows_of(*listed, *later, plain=plain)
    if None in rows.figure():
        return
    assert all(part.rate == 0 for part in split(rows, *rows.members[0]).parts)
    assert split_along(rows, 0).rate == 0


@pytest.mark.parametrize("seed", range(1000, 1004))
@pytest.mark.parametrize(
    ("kind", "is_mix"),
    [
        (made.Kind(conditions=1, times=(3, 4)), False),
        (made.Kind(conditions=2, times=(4, 5)), False),
        (made.Kind(conditions=1, times=(3, 4), pace=1.4), False),
        (made.Kind(conditions=1, times=(3, 4), in_days=True), False),
        (made.Kind(conditions=1, times=(3, 4), is_mix=True), True),
    ],
    ids=["a member", "a combination", "a member, where all got slower", "whole days", "a slow member that grew"],
)
def test_what_was_planted_is_found_and_nothing_else(kind: made.Kind, is_mix: bool, seed: int) -> None:
    case = made.duration_case(replace(kind, count=4000), seed)
    found = explain_median(case.rows)
    assert {cell.text for cell in found.cells} == case.texts
    (cell,) = found.cells
    assert abs(cell.mix if is_mix else cell.rate) > 2 * abs(cell.rate if is_mix else cell.mix)
    assert cell.contribution + found.residual == found.change


def test_a_member_that_grew_is_told_and_not_the_part_of_it_that_is_most_unlike_the_others() -> None:
    case = made.duration_case(made.KINDS["a slow member has more rows"], 1028)
    assert {cell.text for cell in explain_median(case.rows).cells} == case.texts


@pytest.mark.parametrize("kind", QUIET.values(), ids=QUIET.keys())
def test_where_nothing_was_planted_no_cell_and_no_shift_is_named(kind: made.Kind) -> None:
    few_rows = replace(kind, count=min(kind.count, 600))
    for case in made.duration_cases(few_rows, 1000, 25):
        found = explain_median(case.rows)
        assert not found.cells and "mix" not in " ".join(sentences(found, "en"))


def test_where_many_last_as_long_as_the_later_median_it_is_still_seen_who_crossed() -> None:
    """Of 50 in each region 26 took a day; in the south 45 now take two, so the median of all goes from 1 to 2, and so
    does that of both periods together: nobody is beyond it."""
    usual = [1] * 26 + [2] * 24
    rows = rows_of(
        *(row for side in (BEFORE, AFTER) for place in "ab" for row in lived(place, side, *usual)),
        *lived("south", BEFORE, *usual), *lived("south", AFTER, *[1] * 5, *[2] * 45),
    )  # fmt: skip
    (cell,) = explain_median(rows).cells
    assert (cell.text, cell.actual, cell.forecast, cell.contribution) == ("region=south", 2, 1, 1)


def test_who_was_lost_sight_of_counts_with_the_chance_of_those_who_were_not() -> None:
    """Beyond 3 go 3/8 of those who began (1; 2 and on; 3; 4), and 3/4 beyond 2: who was seen up to 2 counts a half."""
    rows = rows_of(*lived("a", BEFORE, 1, 3, 4), *lived("a", BEFORE, 2, ended=False), *lived("a", AFTER, 1))
    assert list(share_beyond(rows, 3 * TICKS)) == [0, 0, 0.5, 0, 1]


def test_the_order_of_rows_that_are_alike_and_of_members_does_not_matter() -> None:
    case = made.duration_case(made.Kind(conditions=1, times=(3, 4), count=800), 1000)
    turned = case.rows.part(np.arange(len(case.rows.ticks))[np.lexsort([-case.rows.codes[:, 0], case.rows.ticks])])
    assert explain_median(turned) == explain_median(case.rows)


def test_a_shift_of_mix_is_said_in_words() -> None:
    slow, quick = range(40, 70), range(1, 61)
    rows = rows_of(
        *(row for side in (BEFORE, AFTER) for place in ("east", "north") for row in lived(place, side, *quick)),
        *lived("south", BEFORE, *slow), *lived("south", AFTER, *[*slow, *slow, *slow]), plain=True,
    )  # fmt: skip
    names = Names("赢单周期", "天", attributes={"region": "大区"}, members={("region", "south"): "华南"})
    found = explain_median(rows)
    said = "".join(sentences(found, "zh", names))
    assert [cell.text for cell in found.cells] == ["region=south"] and found.cells[0].rate == 0
    assert "大区「华南」由 54.50 天变为 54.50 天，贡献 +" in said and "其占比变化而时长几乎未变，属结构变化。" in said
    assert "按大区看是结构变化" in said and "时长影响 0.00 天" in said
