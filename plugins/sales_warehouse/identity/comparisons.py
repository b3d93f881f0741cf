"""How two values of one kind are compared: levels from "the same" down to "something else", in DuckDB's SQL.

A level holds where no level before it does. Every comparison reads columns of its field, `<column>_l` and `<column>_r`;
where a value is missing on one side the field says nothing. The share of true pairs in a level is where learning
starts, and what a level keeps that no pair of the data shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from sales_warehouse.sql import ident, literal

LONGEST = 300  # characters of a cell that are held against each other one by one: the time grows with their square


@dataclass(frozen=True)
class Level:
    """Pairs for which `sql` is true; `share` of pairs that are one, to begin with.

    `by_frequency` names the column whose rare values prove more than frequent ones.
    """

    sql: str
    share: float
    by_frequency: str | None = None


@dataclass(frozen=True)
class Comparison:
    """What one field can say of two records: the first level is the same value, the last one whatever is left."""

    name: str
    missing: str
    levels: tuple[Level, ...]


def compare_name(column: str, other: str | None = None) -> Comparison:
    """Compare a part of a person's name; with the `other` part, given name and surname may have changed places."""
    left, right = _sides(column)
    crossed, across, missing = "false", "false", f"{left} is null or {right} is null"
    if other:
        other_left, other_right = _sides(other)
        straight = f"{_alike(left, right)} or {_alike(other_left, other_right)}"
        across = _alike(left, other_right)
        crossed = f"(not ({straight}) and ({across} or {_alike(other_left, right)}))"
        missing = (
            f"({missing} or {other_right} is null) and "
            f"case when {crossed} then {left} is null or {other_right} is null else {missing} end"
        )
    begins = f"starts_with({left}, {right}) or starts_with({right}, {left})"
    return Comparison(
        column,
        missing,
        (
            Level(f"{left} = {right}", 0.7, column),
            Level(f"({_within(left, right, 1)} or {_similar(left, right, 0.92)}) and not {crossed}", 0.15),
            Level(f"({_similar(left, right, 0.84)} or {begins}) and not {crossed}", 0.05),
            Level(f"{across} and {crossed}", 0.05),
            Level("ELSE", 0.05),
        ),
    )


def compare_words(column: str, words: str) -> Comparison:
    """Compare texts of several words, in any order: a full name, a title, an address; `words` is their list."""
    left, right = _sides(column)
    left_words, right_words = _sides(words)
    shared = f"len(list_intersect({left_words}, {right_words}))"
    fewer, more = (f"{pick}(len({left_words}), len({right_words}))" for pick in ("least", "greatest"))
    close = f"{_changes(left, right)} <= 1 + least(length({left}), {LONGEST}) // 12"
    other = f"not list_has_any({left_words}, {right_words}) and not {_similar(left, right, 0.88)} and not {close}"
    return Comparison(
        column,
        f"{left} is null or {right} is null",
        (
            Level(f"{left} = {right}", 0.6, column),
            Level(other, 0.06),  # here, because most pairs are such
            Level(f"{close} or ({shared} = {more} and {more} > 1)", 0.15),
            Level(f"{shared} >= 0.65 * {more} or ({shared} = {fewer} and {fewer} > 1)", 0.08),
            Level(f"{_similar(left, right, 0.88)} or {shared} >= 0.5 * {fewer} and {shared} > 1", 0.06),
            Level("ELSE", 0.05),
        ),
    )


def compare_company(core: str, sounds: str, words: str | None = None) -> Comparison:
    """Compare the cores of company names (`company_name`); `words` is the list of the words of the whole name.

    `sounds` are what a core may be in pinyin: a Chinese name is held against one in letters, never two Chinese ones
    that only sound alike.
    """
    left, right = _sides(core)
    left_sounds, right_sounds = _sides(sounds)
    in_letters = [f"regexp_full_match({side}, '[a-z]+')" for side in (left, right)]
    is_spoken = f"{in_letters[0]} <> {in_letters[1]} and coalesce(list_has_any({left_sounds}, {right_sounds}), false)"
    further: tuple[Level, ...] = ()
    if words:
        left_words, right_words = _sides(words)
        shared = f"len(list_intersect({left_words}, {right_words}))"
        further = (Level(f"{shared} >= 1", 0.05),)
    return Comparison(
        core,
        f"{left} is null or {right} is null",
        (
            Level(f"{left} = {right}", 0.7, core),
            Level(is_spoken, 0.05),
            Level(_similar(left, right, 0.92), 0.1),
            Level(_similar(left, right, 0.85), 0.07),
            *further,
            Level("ELSE", 0.05),
        ),
    )


def compare_place(column: str) -> Comparison:
    """Compare names of places or other short texts that are typed by hand."""
    left, right = _sides(column)
    return Comparison(
        column,
        f"{left} is null or {right} is null",
        (
            Level(f"{left} = {right}", 0.75, column),
            Level(f"{_within(left, right, 1)} or {_similar(left, right, 0.92)}", 0.08),
            Level(
                f"{_changes(left, right)} <= least(length({left}), {LONGEST}) // 3 or {_similar(left, right, 0.84)}",
                0.05,
            ),
            Level("ELSE", 0.12),
        ),
    )


def compare_category(column: str) -> Comparison:
    """Compare values of a closed list: the same, or not."""
    left, right = _sides(column)
    same, other = Level(f"{left} = {right}", 0.85, column), Level("ELSE", 0.15)
    return Comparison(column, f"{left} is null or {right} is null", (same, other))


def compare_part(column: str, whole: str, former: str) -> Comparison:
    """Compare what lies within a `whole` that is compared as well: the district within a city.

    It says something only of two in one whole, so the two comparisons are one with the levels: same part, part not
    known, another part, another whole. Nothing counts twice, and a part that is not known changes nothing. One that
    ends in `former` may lie in any other by now, so that it says something only of two that are the same.
    """
    left, right = _sides(column)
    whole_left, whole_right = _sides(whole)
    is_former = " or ".join(f"ends_with({side}, {literal(former)})" for side in (left, right))
    missing = (
        f"{left} is null or {right} is null or {whole_left} is distinct from {whole_right} "
        f"or ({left} <> {right} and ({is_former}))"
    )
    return Comparison(
        column, missing, (Level(f"{whole_left} = {whole_right} and {left} = {right}", 0.85), Level("ELSE", 0.15))
    )


def compare_code(column: str) -> Comparison:
    """Compare numbers that name something: a postcode, a licence, a house number."""
    left, right = _sides(column)
    shortest = f"least(length({left}), length({right}))"
    as_long = f"abs(length({left}) - length({right}))"
    return Comparison(
        column,
        f"{left} is null or {right} is null",
        (
            Level(f"{left} = {right}", 0.8, column),
            Level(f"{shortest} >= 3 and {as_long} <= 1 and {_within(left, right, 1)}", 0.08),
            Level(f"{shortest} >= 6 and {as_long} <= 2 and {_within(left, right, 2)}", 0.03),
            Level("ELSE", 0.09),
        ),
    )


def compare_date(column: str) -> Comparison:
    """Compare dates written YYYYMMDD, or years: a wrong digit, day and month changed, two of three parts."""
    left, right = _sides(column)
    year, month, day = ((f"substr({left}, {at}, {n})", f"substr({right}, {at}, {n})") for at, n in _DATE_PARTS)
    turned = f"{year[0]} = {year[1]} and {month[0]} = {day[1]} and {day[0]} = {month[1]}"
    parts = " + ".join(f"cast({a} = {b} as integer)" for a, b in (year, month, day))
    return Comparison(
        column,
        f"{left} is null or {right} is null",
        (
            Level(f"{left} = {right}", 0.7),
            Level(f"{_within(left, right, 1)} or ({turned})", 0.12),
            Level(f"length({left}) = 8 and ({_within(left, right, 2)} or {parts} >= 2)", 0.08),
            Level(f"abs(cast({year[0]} as integer) - cast({year[1]} as integer)) <= 1", 0.04),
            Level("ELSE", 0.06),
        ),
    )


_DATE_PARTS = ((1, 4), (5, 2), (7, 2))


def compare_number(column: str) -> Comparison:
    """Compare amounts and measures by how far they lie apart."""
    left, right = _sides(column)
    apart, size = f"abs({left} - {right})", f"greatest(abs({left}), abs({right}))"
    return Comparison(
        column,
        f"{left} is null or {right} is null",
        (
            Level(f"{left} = {right}", 0.75),
            Level(f"{apart} <= 0.02 * {size}", 0.08),
            Level(f"{apart} <= 0.15 * {size}", 0.07),
            Level("ELSE", 0.1),
        ),
    )


def compare_email(column: str) -> Comparison:
    """Compare e-mail addresses: a slip of the pen, the same person at another house, the same house."""
    left, right = _sides(column)
    (person_left, person_right), (house_left, house_right) = (
        (f"split_part({left}, '@', {part})", f"split_part({right}, '@', {part})") for part in (1, 2)
    )
    return Comparison(
        column,
        f"{left} is null or {right} is null",
        (
            Level(f"{left} = {right}", 0.7, column),
            Level(_within(left, right, 2), 0.12),
            Level(f"{person_left} = {person_right}", 0.05),
            Level(_similar(left, right, 0.9), 0.05),
            Level(f"{house_left} = {house_right}", 0.03),
            Level("ELSE", 0.05),
        ),
    )


def compare_sets(column: str) -> Comparison:
    """Compare lists of addresses: one in common, or none."""
    left, right = _sides(column)
    none = f"{left} is null or {right} is null"
    return Comparison(column, none, (Level(f"list_has_any({left}, {right})", 0.8), Level("ELSE", 0.2)))


def _sides(column: str) -> tuple[str, str]:
    return ident(f"{column}_l"), ident(f"{column}_r")


def _within(left: str, right: str, most: int) -> str:
    """Whether so many letters changed, left out, put in or swapped with their neighbour part two texts (Damerau 1964).

    Without swaps it is counted seven times as fast, and a swap is two changes: so most pairs need no second look.
    """
    damerau = f"damerau_levenshtein({_beginning(left)}, {_beginning(right)})"
    return f"({_changes(left, right)} <= {2 * most} and {damerau} <= {most})"


def _changes(left: str, right: str) -> str:
    """How many letters have to be changed, left out or put in to make one of two texts the other (Levenshtein 1966)."""
    return f"levenshtein({_beginning(left)}, {_beginning(right)})"


def _similar(left: str, right: str, least: float) -> str:
    """Whether two texts are as similar as that, from 0 to 1 (Jaro 1989, Winkler 1990)."""
    return f"jaro_winkler_similarity({_beginning(left)}, {_beginning(right)}) >= {least}"


def _beginning(text: str) -> str:
    return f"left({text}, {LONGEST})"


def _alike(left: str, right: str) -> str:
    """Whether two names are one, but for a slip after the first letter; false where one is missing."""
    same_letter = f"left({left}, 1) = left({right}, 1) and {_similar(left, right, 0.92)}"
    return f"coalesce({left} = {right} or ({same_letter}), false)"
