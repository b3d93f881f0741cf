"""Where an address is: its city and its district, as far as the address says so for certain.

湖北省武汉市洪山区珞喻路1037号, 武漢市洪山區 and, of a record in 武汉, 洪山区珞喻路 are in 洪山 of 武汉. The divisions
are those of GB/T 2260 as the Ministry of Civil Affairs had changed them by 2026 (`data/china_districts.csv`, one city a
row). A development zone or a word that only looks like a district is not in it, and tells nothing.

Addresses say a district for years after it is none. `data/china_former_districts.csv` has those that ended since 2009,
with the one that took over the whole of each, if there is one: 上海市闸北区 is in 静安. Of one that was divided, as
渝北区 of Chongqing was, nobody knows from its name where an address is now: it is told as what it was.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import NamedTuple, TypeVar

import duckdb
import pyarrow as pa

from sales_warehouse.identity.company_name import SIGNS, one_way, plain_place
from sales_warehouse.normalise import provinces

Named = TypeVar("Named")
Names = Mapping[str, list[tuple[str, Named]]]

# What of an address may name a district, in SQL: up to the last word of that kind before the house number.
HEAD = "regexp_extract(left({0}, 60), '^[0-9０-９\\s]*[^0-9０-９]*[省市区區县縣旗州盟].?')"
BEFORE = re.compile(r"^(\d+|中国|中华人民共和国|地址)+")
FILLER = re.compile(r"^(市辖区|(省|自治区)?直辖县级行政(区划|单位))")  # what lists of codes put in the place of a city
ANOTHER_WORD = {"市": "场", "区": "域"}  # 昆山市场 is a market, 宝山区域 an area
KIND = re.compile(r"(?<=..)(特区|林区|新区|地区|区|县|市|旗|盟)$")
NATIONS = (
    "朝鲜|满|蒙古|回|土家|苗|藏|羌|彝|布依|侗|哈尼|壮|傣|白|景颇|傈僳|哈萨克|柯尔克孜|维吾尔|黎|瑶|佤|拉祜|布朗|纳西|"
    "独龙|怒|普米|仫佬|毛南|水|畲|土|撒拉|保安|东乡|裕固|锡伯|塔吉克|达斡尔|鄂温克|鄂伦春|仡佬|各"
)
AUTONOMOUS = re.compile(rf"(?<=..)(({NATIONS})族?)*自治[县旗州]$")
KINDS = "区县市旗"  # what a district was before it was what it is, or is called by mistake
FORMER = " (former)"  # behind a district that is none any more and became several


class Where(NamedTuple):
    """The city of an address, as `plain_place` writes it, and its district without its kind; None where unknown."""

    city: str | None
    district: str | None


NOWHERE = Where(None, None)


@dataclass(frozen=True)
class City:
    """A city, prefecture or league: its province, its names, and its districts and counties by every name."""

    province: str
    plain: str
    names: frozenset[str]
    names_with_kind: frozenset[str]
    districts: Names[str] = field(compare=False)
    other_names: Names[str] = field(compare=False)


class Reading(NamedTuple):
    """One way to read an address: where what it explains ends, and what it says."""

    end: int
    city: City
    district: str | None = None
    name: str = ""  # of the district, as it is written


@dataclass(frozen=True)
class Divisions:
    """Every province, city and district by its names; of a district, the city and what it is called plainly."""

    provinces: Names[str]
    cities: Names[City]
    districts: Names[tuple[City, str]]
    by_city: Mapping[str, list[City]]


def where_is(address: str, city: str | None = None) -> Where:
    """Return city and district of an address; `city` is what its record says, in whatever spelling.

    An address that contradicts the city of its record tells nothing. A district whose city neither says is no district.
    """
    text = BEFORE.sub("", SIGNS.sub("", one_way(address)))
    told = _names_of(city) if city else None
    found = [reading for reading in _readings(text, told) if told is None or _is_in(reading, told)]
    longest = max((reading.end for reading in found), default=0)
    said = {Where(reading.city.plain, reading.district) for reading in found if reading.end == longest}
    return said.pop() if len(said) == 1 else NOWHERE


@cache
def below_cities() -> Mapping[str, Where]:
    """Return where each city or county below a city is, by its plain name, if no other division has that name.

    A record whose city is 昆山 is in 苏州, as one is whose address says so.
    """
    listed = divisions()
    cities = {city.plain for known in listed.cities.values() for _, city in known}
    found = defaultdict(list)
    for known in listed.districts.values():
        for name, (city, district) in known:
            found[plain_place(name).plain].append((name, Where(city.plain, district)))
    alone = {plain: places[0] for plain, places in found.items() if len(places) == 1 and plain not in cities}
    return {plain: where for plain, (name, where) in alone.items() if not name.endswith("区")}


def locate(connection: duckdb.DuckDBPyConnection, heads: str, into: str) -> None:
    """Make a table of every `city` ('' for none) and `head` of a query, with `place` and `district`."""
    asked = connection.execute(f"select distinct city, head from ({heads}) order by all").fetchall()
    found = [where_is(head, city or None) for city, head in asked]
    table = pa.table(
        {
            "city": pa.array([city for city, _ in asked], pa.string()),
            "head": pa.array([head for _, head in asked], pa.string()),
            "place": pa.array([where.city for where in found], pa.string()),
            "district": pa.array([where.district for where in found], pa.string()),
        }
    )
    connection.register("heads_located", table)
    connection.execute(f"create or replace temp table {into} as from heads_located")
    connection.unregister("heads_located")


def _readings(text: str, told: frozenset[str] | None) -> Iterator[Reading]:
    """Yield the ways to read an address: with or without a province, with or without a city."""
    for _, province, behind in [("", None, 0), *_begin(text, 0, divisions().provinces)]:
        start = _skip(text, behind)
        ways = [*_with_city(text, start), *_without_city(text, start, told, is_sure=bool(told or province))]
        yield from (reading for reading in ways if province in (None, reading.city.province))


def _with_city(text: str, start: int) -> Iterator[Reading]:
    """Read what begins with a city. One without its kind (武汉) needs a district behind it: streets are named so."""
    for name, city, city_end in _begin(text, start, divisions().cities):
        end = _skip(text, city_end)
        for names in (city.districts, city.other_names):
            for below, district, district_end in _begin(text, end, names):
                yield Reading(district_end, city, district, below)
        if name in city.names_with_kind:
            yield Reading(city_end, city)


def _without_city(text: str, start: int, told: frozenset[str] | None, *, is_sure: bool) -> Iterator[Reading]:
    """Read what begins with a district: in the city of the record, or in the only one, where it `is_sure` or a city.

    A word such as 东区 is many a place's; 昆山市 is a city, and there is one.
    """
    for name, (city, district), end in _begin(text, start, divisions().districts):
        if is_sure or name.endswith("市"):
            yield Reading(end, city, district, name)
    for city in (city for name in told or () for city in divisions().by_city.get(name, ())):
        for name, district, end in _begin(text, start, city.other_names):
            yield Reading(end, city, district, name)


def _begin(text: str, start: int, names: Names[Named]) -> Iterator[tuple[str, Named, int]]:
    """Yield the names that a text has at a place, what each names, and where it ends."""
    for name, named in names.get(text[start : start + 2], ()):
        end = start + len(name)
        if text.startswith(name, start) and text[end : end + 1] != ANOTHER_WORD.get(name[-1]):
            yield name, named, end


def _skip(text: str, start: int) -> int:
    found = FILLER.match(text[start:])
    return start + found.end() if found else start


def _is_in(reading: Reading, told: frozenset[str]) -> bool:
    """Tell whether a reading is in the city of the record, which may be a city below one: 昆山 of 苏州."""
    is_below = reading.name.endswith("市") and reading.district in told
    return is_below or not told.isdisjoint(reading.city.names)


@cache
def _names_of(city: str) -> frozenset[str]:
    return frozenset(plain_place(SIGNS.sub("", city)))


@cache
def divisions() -> Divisions:
    """Return the list of divisions, written as `one_way` writes an address: it takes 乾县 for 干县."""
    rows = _rows("china_districts.csv")
    official = {row["city"] for row in rows} | {name for row in rows for name in row["districts"].split()}
    former = defaultdict[str, dict[str, str]](dict)
    for row in _rows("china_former_districts.csv"):
        former[row["city"]][row["former"]] = row["became"]
    cities = [_city(row, official, former[row["city"]]) for row in rows]
    named = [(name, city) for city in cities for name in sorted(city.names)]
    by_city = defaultdict(list)
    for name, city in named:
        by_city[name].append(city)
    below = [
        (name, (city, district)) for city in cities for known in city.districts.values() for name, district in known
    ]
    written = [(name, each.full_name_zh) for each in provinces() for name in {each.full_name_zh, each.name_zh}]
    return Divisions(_by_beginning(written), _by_beginning(named), _by_beginning(below), dict(by_city))


def _rows(file: str) -> list[dict[str, str]]:
    text = (resources.files("sales_warehouse") / "data" / file).read_text(encoding="utf-8")
    return list(csv.DictReader(one_way(text).splitlines()))


def _city(row: Mapping[str, str], official: set[str], former: Mapping[str, str]) -> City:
    """Return a city of the list; `former` are its districts of before, and what took over the whole of each."""
    name, districts = row["city"], row["districts"].split()
    stem = _stem(name)
    with_kind = frozenset((name, f"{stem}州") if name.endswith("自治州") else (name,))
    count = Counter(map(_stem, districts))  # 和田市 and 和田县 are two: each is called by its whole name
    plain = {district: _stem(district) if count[_stem(district)] == 1 else district for district in districts}
    others = {
        f"{short}{kind}": short
        for district, short in plain.items()
        for kind in KINDS
        if short != district and f"{short}{kind}" not in official
    }
    others |= {name: plain[became] if became else f"{_stem(name)}{FORMER}" for name, became in former.items()}
    return City(
        row["province"],
        plain_place(stem).plain,
        with_kind | {stem},
        with_kind,
        _by_beginning(plain.items()),
        _by_beginning(others.items()),
    )


def _by_beginning(named: Iterable[tuple[str, Named]]) -> Names[Named]:
    """Return names, with what each names, by their first two characters."""
    found: dict[str, list[tuple[str, Named]]] = defaultdict(list)
    for name, what in named:
        found[name[:2]].append((name, what))
    return dict(found)


def _stem(name: str) -> str:
    """Return a name without what kind of division it is: 洪山区, 浦东新区, 峨边彝族自治县; 沧县 has nothing else."""
    return AUTONOMOUS.sub("", name) if AUTONOMOUS.search(name) else KIND.sub("", name)
