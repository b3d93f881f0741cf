"""What of a company's name tells it from others: without legal form, brackets, place and the ways of writing it.

上海康宁医疗器械有限公司, 康寧（上海）醫療器械有限責任公司 and 康宁医疗器械 have one core, and the first two one place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import duckdb
import pyarrow as pa

from sales_warehouse.identity.pinyin import sound
from sales_warehouse.normalise import provinces

LEGAL_FORM = re.compile(
    r"(股份有限公司|有限责任公司|有限公司|集团公司|总公司|公司|集团|股份|"
    r"(特殊)?普通合伙|有限合伙|合伙企业|个体工商户|"
    r"(gufen|jituan)?(youxian)?(zeren)?gongsi|zonggongsi|jituan|"
    r"(co)?(ltd|limited)|inc(orporated)?|corp(oration)?|llc|plc|gmbh|ag|co)$"
)
BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
SIGNS = re.compile(r"[\W_]+")
IDEOGRAPHS = range(0x3400, 0xA000)  # CJK Unified Ideographs with extension A
LONGEST_PLACE = 6
PLACE_KIND = re.compile(r"(?<=..)(特别行政区|自治区|工业园区|高新区|开发区|新区|地区|市|省|区|县)$")
MUNICIPALITY = re.compile(r"^(?:中国\W*)?(北京|天津|上海|重庆)(?:市|\W|.+[区县]$|$)")
CITY_OF_DISTRICT = re.compile(r"^(.{2,}?)市.")
LETTERS = re.compile(r"[a-z]{6,}")
# which branch a name is of, by the two characters before what kind of branch it is
BRANCH = re.compile(
    r"([^省市区县]{0,2})[省市区县]?(?:[分支](?:公司|行)|分(?:店|部|院|厂|校|社|所|会)|办事处|代表处|营业部)[)\s]*$"
)
# or by what follows its company's legal form: 有限公司第三门店, Co., Ltd. Nanjing Branch
UNIT = re.compile(
    r"(?:公司|\b(?:ltd|limited|inc|corp|company|gongsi)\b)"
    r"(.*?(?:[部店处厂院校行社所局站]|中心|branch|office|fengongsi|banshichu))[)\s]*$"
)
# what follows it may be the company itself as well, or who buys for it
OF_THE_COMPANY = re.compile(r"(?:总|采购|财务|人事|人力资源|行政|后勤)(?:[部店处厂院校行社]|中心)$|headoffice$")
LONGEST_BRANCH = 100  # characters at the end of a name in which a branch is looked for
LEAST_SPOKEN = 3  # characters of a core: shorter ones sound like too many others


@dataclass(frozen=True)
class CompanyName:
    """The core of a name, and the place that it names, as it is in the list of places; None for none.

    `asked` holds the texts that a place was looked for in: a place that none of them begins with changes nothing here.
    """

    core: str
    place: str | None
    asked: tuple[str, ...] = field(default=(), compare=False)


def company_name(text: str, places: Container[str]) -> CompanyName:
    """Take a name apart; `places` are names of cities and provinces, in simplified characters.

    A name that is nothing but place and legal form is its own core.
    """
    named: list[str] = []
    asked: list[str] = []
    plain = BRACKETS.sub(lambda found: _outside(found[1].strip(), places, named, asked), one_way(text))
    core = SIGNS.sub("", plain)
    while (shorter := LEGAL_FORM.sub("", core)) not in ("", core):
        core = shorter
    asked.append(core[:LONGEST_PLACE])
    core = _without_place(core, places, named)
    return CompanyName(core, named[0] if named else None, tuple(asked))


class Place(NamedTuple):
    """A place as it is written, and without what kind of place it is: 上海市, 上海."""

    written: str
    plain: str


def plain_place(text: str) -> Place:
    """Return how names of companies may write a city or province; of an address the city counts, not its district."""
    written = one_way(text).strip()
    if found := MUNICIPALITY.match(written):
        return Place(written, found[1])
    plain = SIGNS.sub("", _before_city().sub("", written))
    if found := CITY_OF_DISTRICT.match(plain):
        return Place(written, found[1])
    while (shorter := PLACE_KIND.sub("", plain)) != plain:  # 苏州市区 and 苏州市 are 苏州: one plain form each
        plain = shorter
    return Place(written, plain or written)


@cache
def _before_city() -> re.Pattern[str]:
    """Return what finds the province that is written before a city: 江苏省苏州市, 江苏 苏州, 江苏苏州市."""
    full, short = ("|".join(getattr(item, name) for item in provinces()) for name in ("full_name_zh", "name_zh"))
    return re.compile(rf"^(?:中国\W*)?(?:(?:{full})\W*(?=\w\w)|(?:{short})(?:\W+(?=\w)|(?=\w\w+市)))|^中国\W*(?=\w\w)")


def one_way(text: str) -> str:
    """Return a text in half width (NFKC), simplified characters and small letters."""
    return unicodedata.normalize("NFKC", text).translate(SIMPLIFIED).casefold()


def branch_of(name: str) -> str | None:
    """Return which branch a name is of, None where it is of none; one branch is one however it is written."""
    text = one_way(name)[-LONGEST_BRANCH:]
    if found := BRANCH.search(text):
        return found[1]
    unit = SIGNS.sub("", found[1]) if (found := UNIT.search(text)) else ""
    return unit if unit and not OF_THE_COMPANY.search(unit) else None


def sounds_of(name: CompanyName) -> list[str] | None:
    """Return how a name may be written in pinyin, without its place and with it; None where that tells nothing.

    A core in letters is what it is: whether it is pinyin shows when a Chinese one sounds like that.
    """
    if LETTERS.fullmatch(name.core):
        return [sound(name.core)]
    if len(name.core) < LEAST_SPOKEN or not all(ord(character) in IDEOGRAPHS for character in name.core):
        return None
    said = sound(name.core)
    return [said, sound(name.place) + said] if name.place else [said]


def take_apart(connection: duckdb.DuckDBPyConnection, names: str, places: str, into: str) -> None:
    """Make a table of every `name` of a query with its `core`, `sounds`, `branch`, `named_place` and `asked`.

    `places` is a query of places.
    """
    listed = frozenset(
        place for (place,) in connection.execute(f"select distinct * from ({places})").fetchall() if place
    )
    told = connection.execute(f"select distinct name from ({names}) where name is not null order by name")
    texts = [name for (name,) in told.fetchall()]
    found = [company_name(name, listed) for name in texts]
    table = pa.table(
        {
            "name": pa.array(texts, pa.string()),
            "core": pa.array([item.core or None for item in found], pa.string()),
            "sounds": pa.array([sounds_of(item) for item in found], pa.list_(pa.string())),
            "branch": pa.array([branch_of(name) for name in texts], pa.string()),
            "named_place": pa.array([item.place for item in found], pa.string()),
            "asked": pa.array([item.asked for item in found], pa.list_(pa.string())),
        }
    )
    connection.register("names_apart", table)
    connection.execute(f"create or replace temp table {into} as from names_apart")
    connection.unregister("names_apart")


def _outside(text: str, places: Container[str], named: list[str], asked: list[str]) -> str:
    """Return what of a text in brackets belongs to the name."""
    asked.append(text)
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
