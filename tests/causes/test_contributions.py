"""Contributions and residual are the change to the last digit; mix is told from rate; Simpson's paradox is named."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_warehouse.causes.contributions import NotAFigure, Split, split_amount, split_ratio

SEGMENTS = st.sampled_from(["华东", "华北", "south", "west", "线上"])
AMOUNTS = st.one_of(
    st.integers(-(10**12), 10**12),
    st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=4),
    st.floats(-1e12, 1e12, allow_nan=False),
)
COUNTS = st.integers(1, 10**9)
PAIRS = st.one_of(st.tuples(AMOUNTS, COUNTS), st.just((0, 0)), st.tuples(AMOUNTS, st.just(0)))
few = settings(max_examples=60, deadline=None)


def adds_up(split: Split) -> bool:
    return sum((part.total for part in split.parts), Fraction()) + split.residual == split.after - split.before


@few
@given(st.dictionaries(SEGMENTS, AMOUNTS), st.dictionaries(SEGMENTS, AMOUNTS))
def test_parts_of_a_sum_are_its_change(before: dict, after: dict) -> None:
    split = split_amount(before, after)
    assert adds_up(split)
    assert split.residual == 0
    assert split.change == sum(map(Fraction, after.values())) - sum(map(Fraction, before.values()))


@few
@given(st.dictionaries(SEGMENTS, PAIRS), st.dictionaries(SEGMENTS, PAIRS))
def test_mix_and_rate_of_a_ratio_are_its_change(before: dict, after: dict) -> None:
    before, after = {**before, "always": (1, 2)}, {**after, "always": (3, 4)}
    split = split_ratio(before, after)
    assert split.rate + split.mix == split.change
    assert split.residual == 0
    assert split.after == sum(Fraction(n) for n, _ in after.values()) / sum(d for _, d in after.values())


@few
@given(st.dictionaries(SEGMENTS, COUNTS, min_size=1), st.dictionaries(SEGMENTS, COUNTS, min_size=1), st.data())
def test_without_a_changed_ratio_every_rate_effect_is_zero(before: dict, after: dict, data: st.DataObject) -> None:
    rates = {name: data.draw(st.fractions(0, 1, max_denominator=100)) for name in {*before, *after}}
    sides = [{name: (count * rates[name], count) for name, count in side.items()} for side in (before, after)]
    split = split_ratio(*sides)
    assert all(part.rate == 0 for part in split.parts)
    assert split.mix == split.change


def test_a_pure_shift_of_mix_is_minus_four_points_of_mix() -> None:
    # Online closes 30 %, stores 50 %, before and after; stores go from half of the enquiries to three tenths.
    split = split_ratio(
        {"online": (150, 500), "stores": (250, 500)},
        {"online": (210, 700), "stores": (150, 300)},
    )
    assert (split.change, split.mix, split.rate) == (Fraction(-4, 100), Fraction(-4, 100), 0)
    mixes = {part.segment: part.mix for part in split.parts}
    assert mixes == {"online": Fraction(-16, 1000), "stores": Fraction(-24, 1000)}
    assert split.paradox is None


def test_a_ratio_that_falls_while_every_segment_rises_is_simpsons_paradox() -> None:
    split = split_ratio(
        {"small": (10, 100), "large": (450, 900)},
        {"small": (108, 900), "large": (52, 100)},
    )
    assert split.change < 0 < split.rate
    assert split.paradox is not None and split.paradox.every and split.paradox.share == 1


def test_nearly_every_segment_is_named_too_and_four_fifths_are_not() -> None:
    before = {"a": (10, 100), "b": (450, 900), "c": (50, 100)}
    nearly = split_ratio(before, {"a": (108, 900), "b": (52, 100), "c": (45, 100)})
    assert nearly.paradox is not None and not nearly.paradox.every
    large = {**before, "c": (150, 300)}
    assert split_ratio(large, {"a": (108, 900), "b": (52, 100), "c": (120, 300)}).paradox is None


def test_a_segment_that_stood_still_did_not_move_against_the_whole() -> None:
    """Half of the volume came back at 0 % in both weeks: 3 % to 11.4 % is a shift of mix, although the others fell."""
    split = split_ratio(
        {"north": (0, 800), "south": (20, 100), "west": (10, 100)},
        {"north": (0, 200), "south": (76, 400), "west": (38, 400)},
    )
    assert split.rate < 0 < split.change and split.paradox is None
    small, large = {"a": (10, 100), "b": (450, 900)}, {"a": (108, 900), "b": (52, 100)}
    still = split_ratio({**small, "none": (0, 20)}, {**large, "none": (0, 20)})  # 2 % of the volume
    assert still.paradox is not None and not still.paradox.every


def test_a_new_segment_is_mix_and_not_rate() -> None:
    split = split_ratio({"old": (50, 100)}, {"old": (50, 100), "new": (10, 100)})
    assert split.rate == 0
    assert split.mix == split.change == Fraction(30, 100) - Fraction(50, 100)


def test_what_has_no_weight_is_rate_and_not_mix() -> None:
    # In the second week nobody bought on the telephone, and 20 came back there.
    split = split_ratio({"shop": (100, 10), "phone": (10, 1)}, {"shop": (100, 10), "phone": (-20, 0)})
    phone, _ = split.parts
    assert split.change == -2
    assert (phone.segment, phone.rate, phone.mix) == ("phone", -2, -Fraction(1, 11) * (10 - 9))
    assert split.paradox is None


def test_a_mean_is_split_as_sums_over_counts() -> None:
    split = split_ratio({"a": (Decimal("300.00"), 3), "b": (100, 1)}, {"a": (Decimal("360.00"), 3), "b": (100, 1)})
    assert (split.change, split.rate) == (15, 15)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: split_ratio({"a": (0, 0)}, {"a": (1, 2)}), "before has no denominator"),
        (lambda: split_ratio({"a": (5, -1), "b": (1, 9)}, {"a": (1, 2)}), "denominator of -1"),
        (lambda: split_amount({"a": float("nan")}, {}), "nan is not a finite number"),
    ],
    ids=[
        "no denominator at all",
        "a negative denominator",
        "not a number",
    ],
)
def test_what_cannot_be_split_is_said(wrong: object, says: str) -> None:
    with pytest.raises(NotAFigure, match=says):
        wrong()  # type: ignore[operator]
