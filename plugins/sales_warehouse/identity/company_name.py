"""What of a company's name tells it from others: without legal form, brackets, place and the ways of writing it.

上海康宁医疗器械有限公司, 康寧（上海）醫療器械有限責任公司 and 康宁医疗器械 have one core, and the first two one place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import cache

import duckdb
import pyarrow as pa

LEGAL_FORM = re.compile(
    r"(股份有限公司|有限责任公司|有限公司|集团公司|总公司|公司|集团|股份|"
    r"(co)?(ltd|limited)|inc(orporated)?|corp(oration)?|llc|plc|gmbh|ag|co)$"
)
BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
SIGNS = re.compile(r"[\W_]+")
IDEOGRAPHS = range(0x3400, 0xA000)  # CJK Unified Ideographs with extension A
LONGEST_PLACE = 6


@dataclass(frozen=True)
class CompanyName:
    """The core of a name, and the place that it names, as it is in the list of places; None for none."""

    core: str
    place: str | None


def company_name(text: str, places: Container[str]) -> CompanyName:
    """Take a name apart; `places` are names of cities and provinces, in simplified characters.

    A name that is nothing but place and legal form is its own core.
    """
    named: list[str] = []
    plain = unicodedata.normalize("NFKC", text).translate(SIMPLIFIED).casefold()
    plain = BRACKETS.sub(lambda found: _outside(found[1].strip(), places, named), plain)
    core = SIGNS.sub("", plain)
    while (shorter := LEGAL_FORM.sub("", core)) not in ("", core):
        core = shorter
    core = _without_place(core, places, named)
    return CompanyName(core, named[0] if named else None)


def take_apart(
    connection: duckdb.DuckDBPyConnection, names: str, places: str, into: str, *, known: str | None = None
) -> None:
    """Make a table of every `name` of a query with its `core` and `named_place`; `places` is a query of places.

    `known` is such a table of before, made with the same places: only what is new is taken apart.
    """
    listed = frozenset(
        place for (place,) in connection.execute(f"select distinct * from ({places})").fetchall() if place
    )
    new = f"name not in (select name from {known})" if known else "true"
    told = connection.execute(f"select distinct name from ({names}) where name is not null and {new} order by name")
    new_names = [name for (name,) in told.fetchall()]
    found = [company_name(name, listed) for name in new_names]
    table = pa.table(
        {
            "name": pa.array(new_names, pa.string()),
            "core": pa.array([item.core or None for item in found], pa.string()),
            "named_place": pa.array([item.place for item in found], pa.string()),
        }
    )
    connection.register("names_apart", table)
    before = f"from {known} union all by name" if known else ""
    connection.execute(f"create or replace temp table {into} as {before} from names_apart")
    connection.unregister("names_apart")


def _outside(text: str, places: Container[str], named: list[str]) -> str:
    """Return what of a text in brackets belongs to the name."""
    if text not in places:
        return text
    named.append(text)
    return ""


def _without_place(text: str, places: Container[str], named: list[str]) -> str:
    for length in range(LONGEST_PLACE, 1, -1):
        if text[:length] in places and len(text) > length:
            named.append(text[:length])
            return text[length:].removeprefix("市").removeprefix("省") or text
    return text


class _Simplified(dict[int, int]):
    """Traditional characters → simplified, one by one, as OpenCC knows them; each is looked up when it is met."""

    def __missing__(self, code: int) -> int:
        found = _convert()(chr(code)) if code in IDEOGRAPHS else chr(code)
        self[code] = ord(found) if len(found) == 1 else code
        return self[code]


SIMPLIFIED = _Simplified()


@cache
def _convert() -> Callable[[str], str]:
    from opencc import OpenCC

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert
