"""Normalisers: from the text of a source to the typed value of a contract, as SQL.

Each builder takes a SQL expression of type VARCHAR (trimmed, empty already NULL) and returns one that is NULL when
the text cannot be understood. A NULL value beside a text that was there is a fault; nothing is guessed.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import duckdb
from duckdb.func import FunctionNullHandling

from sales_warehouse.company.models import ColumnMapping, Company
from sales_warehouse.contracts import Column
from sales_warehouse.sql import literal

# Digits and signs that Chinese input methods write in full width (Unicode block FF00–FFEF).
FULL_WIDTH = "０１２３４５６７８９．，－＋：／"
HALF_WIDTH = "0123456789.,-+:/"
TRUE_WORDS = ("true", "t", "yes", "y", "1", "是", "有效")
FALSE_WORDS = ("false", "f", "no", "n", "0", "否", "无效")


@dataclass(frozen=True)
class Province:
    """A province-level division of China: ISO 3166-2 code, short names and the customary macro region."""

    iso_code: str
    name_en: str
    name_zh: str
    full_name_zh: str
    macro_region_zh: str


@cache
def provinces() -> tuple[Province, ...]:
    """Return the 34 province-level divisions of China (ISO 3166-2:CN)."""
    text = (resources.files("sales_warehouse") / "data" / "china_provinces.csv").read_text(encoding="utf-8")
    return tuple(Province(**row) for row in csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class Normalisers:
    """The builders, with what they need to know of the company."""

    time_zone: str
    country: str
    earliest_date: datetime.date
    regions: Mapping[str, str]

    @classmethod
    def of(cls, company: Company) -> Normalisers:
        """Normalisers of a company: its zone, its country and the spellings of its regions."""
        regions = {
            spelling.casefold(): region.id
            for region in company.regions.regions
            for spelling in (region.id, region.name.en, region.name.zh, *region.aliases)
        }
        about = company.about
        return cls(about.time_zone, about.country, about.earliest_date, regions)

    def value(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        """Return the SQL of the typed value of `column` from the SQL of its text."""
        if mapping.values:
            text = _mapped(text, mapping)
        kind = mapping.normalise or ("money" if column.type in ("decimal", "price") else column.type)
        builder: Callable[[str, Column, ColumnMapping], str] = getattr(self, f"_{kind}")
        return builder(text, column, mapping)

    def _text(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return text

    def _integer(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        plain = _half_width(text)
        return f"case when regexp_full_match({plain}, '[+-]?[0-9]+(\\.0+)?') then try_cast({plain} as bigint) end"

    def _money(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        """A number with at most the decimals of the contract; more would be lost silently, so they are a fault."""
        plain = _half_width(text)
        if mapping.normalise == "money":
            plain = f"regexp_replace({plain}, '[¥￥$€£,元\\s]', '', 'g')"
        scale = {"price": 4, "decimal": 2}.get(column.type, 4)
        decimals = f"length(rtrim({plain}, '0')) - strpos({plain}, '.')"
        fits = f"strpos({plain}, '.') = 0 or {decimals} <= {scale}"
        return f"case when {fits} then try_cast({plain} as decimal(18,{scale})) end"

    def _boolean(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        lowered = f"lower({text})"
        true, false = (", ".join(map(literal, words)) for words in (TRUE_WORDS, FALSE_WORDS))
        return f"case when {lowered} in ({true}) then true when {lowered} in ({false}) then false end"

    def _date(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        plain = _half_width(text)
        if mapping.format:
            return f"cast(try_strptime({plain}, {literal(mapping.format)}) as date)"
        is_iso = f"regexp_full_match({plain}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"
        return f"case when {is_iso} then try_cast({plain} as date) end"

    def _timestamp(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        plain = _half_width(text)
        if mapping.format and "%z" in mapping.format:
            return f"timezone('UTC', try_strptime({plain}, {literal(mapping.format)}))"
        if mapping.format:
            return self._to_utc(f"try_strptime({plain}, {literal(mapping.format)})", mapping)
        local = self._to_utc(f"try_cast({plain} as timestamp)", mapping)
        has_offset = f"regexp_matches({plain}, '(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') and strpos({plain}, ':') > 0"
        return f"case when {has_offset} then timezone('UTC', try_cast({plain} as timestamptz)) else {local} end"

    def _to_utc(self, local: str, mapping: ColumnMapping) -> str:
        """Local wall clock → UTC; a plain subtraction where the zone has had one offset since the earliest date."""
        zone = mapping.zone or self.time_zone
        offset = fixed_offset_seconds(zone, self.earliest_date)
        if offset is None:
            return f"timezone('UTC', timezone({literal(zone)}, {local}))"
        return local if offset == 0 else f"({local} - interval {offset} second)"

    def _phone(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return f"normalise_phone({text})"

    def _email(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        pattern = r"[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+"
        lowered = f"lower({text})"
        return f"case when regexp_full_match({lowered}, {literal(pattern)}) then {lowered} end"

    def _uscc(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return f"normalise_uscc({text})"

    def _region(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return _looked_up(text, self.regions)

    def _province(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return _looked_up(text, _province_spellings())

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give the connection the two functions that need a library; they see the few columns that hold such values."""
        functions = {"normalise_phone": lambda text: phone(text, self.country), "normalise_uscc": uscc}
        special = FunctionNullHandling.SPECIAL  # else DuckDB takes a NULL that is returned for an error
        for name, function in functions.items():
            connection.create_function(name, _null_for_null(function), ["VARCHAR"], "VARCHAR", null_handling=special)


def _null_for_null(function: Callable[[str], str | None]) -> Callable[[str | None], str | None]:
    return lambda text: None if text is None else function(text)


def register_mobile(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection `is_mobile`: whether an E.164 number can belong to a mobile phone; NULL for NULL."""
    special = FunctionNullHandling.SPECIAL
    connection.create_function("is_mobile", _is_mobile, ["VARCHAR"], "BOOLEAN", null_handling=special)


def _is_mobile(text: str | None) -> bool | None:
    if text is None:
        return None
    import phonenumbers

    kinds = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
    return phonenumbers.number_type(phonenumbers.parse(text)) in kinds


def phone(text: str, country: str) -> str | None:
    """Return a phone number in E.164 form, None when it cannot be one. `country` reads numbers without a prefix."""
    import phonenumbers  # loaded on the first phone number: its tables take time

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def uscc(text: str) -> str | None:
    """Return a unified social credit code of 18 characters, None when its check character is wrong (GB 32100-2015)."""
    import unicodedata

    from stdnum.cn import uscc as standard

    plain = unicodedata.normalize("NFKC", text).strip().upper()
    return standard.compact(plain) if standard.is_valid(plain) else None


@cache
def fixed_offset_seconds(zone: str, since: datetime.date) -> int | None:
    """Return the UTC offset of a zone in seconds if it has been the same since a date, else None."""
    info, offsets = ZoneInfo(zone), set()
    for year in range(since.year, 2038):
        for month in range(1, 13):
            moment = datetime.datetime(year, month, 1, tzinfo=info)
            offsets.add(moment.utcoffset())
    offset = offsets.pop() if len(offsets) == 1 else None
    return None if offset is None else int(offset.total_seconds())


@cache
def _province_spellings() -> dict[str, str]:
    return {
        spelling.casefold(): province.iso_code
        for province in provinces()
        for spelling in (province.iso_code, province.name_en, province.name_zh, province.full_name_zh)
    }


def _half_width(text: str) -> str:
    return f"translate({text}, {literal(FULL_WIDTH)}, {literal(HALF_WIDTH)})"


def _mapped(text: str, mapping: ColumnMapping) -> str:
    arms = " ".join(f"when {literal(found)} then {literal(meant)}" for found, meant in mapping.values.items())
    other = f"case when {text} is not null then {literal(mapping.otherwise)} end" if mapping.otherwise else "null"
    return f"(case {text} {arms} else {other} end)"


def _looked_up(text: str, spellings: Mapping[str, str]) -> str:
    if not spellings:
        return text
    arms = " ".join(f"when {literal(found)} then {literal(meant)}" for found, meant in spellings.items())
    return f"case lower({text}) {arms} end"
