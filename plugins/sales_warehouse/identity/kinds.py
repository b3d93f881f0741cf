"""Kinds of fields that `match` knows: how a cell is made comparable, how compared, and by what pairs are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sales_warehouse.identity import comparisons as compare
from sales_warehouse.identity.comparisons import Comparison
from sales_warehouse.sql import literal
from sales_warehouse.telephone import HALF_WIDTH

Columns = Mapping[str, Callable[[str], str]]
LETTERS = r"[^\p{L}\p{N}]+"
NOTHING = ("", "n/a", "nan", "none", "null", "unknown", "-")


def text(column: str) -> str:
    """Return the SQL of a cell in half width, without what means nothing."""
    cell = f"cast({column} as varchar)"
    wide, half = (literal("".join(map(chr, codes))) for codes in (HALF_WIDTH, HALF_WIDTH.values()))
    trimmed = (
        f"trim(case when regexp_matches({cell}, '[！-～　]') then translate({cell}, {wide}, {half}) else {cell} end)"
    )
    nothing = ", ".join(f"'{word}'" for word in NOTHING)
    return f"case when lower({trimmed}) not in ({nothing}) and {trimmed} <> 'NA' then {trimmed} end"


def folded(column: str, between: str = " ") -> str:
    """Return the SQL of a cell in small letters without accents and signs, its words with `between` between them."""
    plain = f"lower(strip_accents(nfc_normalize({text(column)})))"
    return f"nullif(trim(regexp_replace({plain}, '{LETTERS}', '{between}', 'g')), '')"


def _words(column: str) -> str:
    return f"list_sort(list_distinct(string_split({folded(column)}, ' ')))"


def _initial(column: str) -> str:
    return f"left({folded(column, '')}, 4)"


def _date(column: str) -> str:
    """Return the SQL of a date as YYYYMMDD, a year as YYYY; days before months where a year comes last."""
    cell = text(column)
    forms = (
        (r"^(\d{4})(\d{2})(\d{2})", "['y', 'm', 'd']"),
        (r"^(\d{4})\s*[-/. 年]\s*(\d{1,2})\s*[-/. 月]\s*(\d{1,2})", "['y', 'm', 'd']"),
        (r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", "['d', 'm', 'y']"),
    )
    parts = "lpad({0}.y, 4, '0') || lpad({0}.m, 2, '0') || lpad({0}.d, 2, '0')"
    arms = " ".join(
        f"when regexp_matches({cell}, '{form}') " + f"then {parts}".format(f"regexp_extract({cell}, '{form}', {names})")
        for form, names in forms
    )
    return rf"case {arms} else nullif(regexp_extract({cell}, '\d{{4}}'), '') end"


def _phone(column: str) -> str:
    """Return the SQL of the last nine digits of a telephone number, without country and extension."""
    line = f"regexp_replace(lower({text(column)}), '(ext|x|#|转|分机).*$', '')"
    return f"nullif(right(regexp_replace({line}, '[^0-9]', '', 'g'), 9), '')"


@dataclass(frozen=True)
class Kind:
    """A kind of field. `columns` are made of the cell: ending → SQL; what is compared is the one without ending.

    `keys` are SQL expressions of such columns: records with one key in common may be one. Fields with one `drawer`
    share their keys.
    """

    meaning: str
    columns: Columns
    compare: Callable[[str], Comparison]
    keys: Callable[[str], list[str]] = field(default=lambda column: [column])
    drawer: str | None = None


def _name_keys(column: str) -> list[str]:
    return [column, f"'^' || left({column}, 4)"]


def _word_keys(column: str) -> list[str]:
    return [column, f"unnest({column}_words)"]


_PLAIN: Columns = {"": lambda cell: folded(cell, "")}
_WORDS: Columns = {"": folded, "_words": _words}

KINDS: dict[str, Kind] = {
    "given_name": Kind("a person's given name", _PLAIN, compare.compare_name, _name_keys, "name"),
    "surname": Kind("a person's surname", _PLAIN, compare.compare_name, _name_keys, "name"),
    "person_name": Kind(
        "a person's whole name", _WORDS, lambda column: compare.compare_words(column, f"{column}_words"), _word_keys
    ),
    "company_name": Kind(
        "a company's name; legal form and place are told apart",
        {**_WORDS, "_raw": text},
        lambda column: compare.compare_company(f"{column}_core", f"{column}_sounds", f"{column}_words"),
        lambda column: [f"{column}_core", f"left({column}_core, 5)", f"unnest({column}_words)"],
    ),
    "address": Kind(
        "an address or a part of one",
        _WORDS,
        lambda column: compare.compare_words(column, f"{column}_words"),
        _word_keys,
    ),
    "text": Kind(
        "any other words", _WORDS, lambda column: compare.compare_words(column, f"{column}_words"), _word_keys
    ),
    "place": Kind("a city, a province, a country", _PLAIN, compare.compare_place),
    "category": Kind("a value of a closed list", _PLAIN, compare.compare_category),
    "date": Kind(
        "a date or a year; a day stands before its month where the year is last",
        {"": _date},
        compare.compare_date,
        lambda column: [column, f"left({column}, 6)"],
    ),
    "number": Kind(
        "an amount or a measure",
        {"": lambda cell: f"try_cast(replace({text(cell)}, ',', '') as double)"},
        compare.compare_number,
    ),
    "code": Kind("a number that names something: postcode, licence, house number", _PLAIN, compare.compare_code),
    "phone": Kind("a telephone number", {"": _phone}, compare.compare_code),
    "email": Kind(
        "an e-mail address",
        {"": lambda cell: f"lower({text(cell)})"},
        compare.compare_email,
        lambda column: [column, f"split_part({column}, '@', 1)"],
    ),
}
