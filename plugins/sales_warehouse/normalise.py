"""Normalisers: from the text of a source to the typed value of a contract, as SQL.

Each builder takes a SQL expression of type VARCHAR (trimmed, empty already NULL) and returns one that is NULL when
the text cannot be understood. A NULL value beside a text that was there is a fault; nothing is guessed.
"""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import duckdb
from duckdb.func import FunctionNullHandling

from sales_warehouse import local_time, telephone
from sales_warehouse.company.models import ColumnMapping, Company, format_specifiers
from sales_warehouse.contracts import AMOUNT_DIGITS, VALUE_DIGITS, Column
from sales_warehouse.sql import ident, literal

# Digits and signs that Chinese input methods write in full width (Unicode block FF00–FFEF).
FULL_WIDTH = "０１２３４５６７８９．，－＋：／"
HALF_WIDTH = "0123456789.,-+:/"
# A subset of what the library takes for an address: most addresses are of this form.
PLAIN_EMAIL = (
    r"[a-z0-9_%+-]{1,22}(\.[a-z0-9_%+-]{1,20}){0,2}@"
    r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}"
)
MONEY_SIGNS = "¥￥$€£元"
MONEY = rf"[+-]?[{MONEY_SIGNS}]?\s?[+-]?([0-9]{{1,3}}(,[0-9]{{3}})+|[0-9]+)(\.[0-9]+)?\s?[{MONEY_SIGNS}]?"
# ISO 8601, with a space where people prefer one; a day alone is its first moment.
ISO_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
ISO_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
ISO_OFFSET = "(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)"
BETWEEN = "\x1f"  # of the texts of a row, when all are looked at in one go
WHITE_SPACE = " \t\r\n\x0b\x0c\u00a0\u3000"  # the last two: no-break, and as wide as a Chinese character
# Where a text may have to be trimmed, has a NUL or digits in full width, or is a number with a power of ten, an
# underscore or the sign of another base: few rows have any of it, so only those are looked at more closely.
ODD = (
    rf"(^|{BETWEEN})[{WHITE_SPACE}]|[{WHITE_SPACE}]({BETWEEN}|$)|[{FULL_WIDTH}\x00]|"
    rf"(^|{BETWEEN})[+-]?[0-9.]+[eE_xXbB]"
)
# Excel, pandas and columns of floats write a long number so, Java and JavaScript some without the plus: its last digits
# are gone. 1E5 may be the name of a product.
LOST_DIGITS = r"-?[0-9](\.[0-9]+[eE]\+?[0-9]{1,3}|[eE]\+[0-9]{2,3})"
# Digits that a part of a date or time has at most, and its reader takes as many as there are.
DIGITS = {"Y": 4, "y": 2, "m": 2, "d": 2, "e": 2, "j": 3, "H": 2, "I": 2, "M": 2, "S": 2, "f": 6, "g": 3, "n": 9}
FRACTIONS = "fgn"
A_YEAR = "(^|[^0-9])[0-9]{4}([^0-9]|$)"  # beside other parts, none of which has four digits
REASONS = {
    "text": (
        "a NUL, or a long number of which only the first digits are left",
        "含有 NUL 字符，或是只剩前几位的长数字",
    ),
    "integer": ("no whole number, or too big", "不是整数，或数值过大"),
    "quantity": ("no whole number, or more than 2,147,483,647", "不是整数，或超过 2,147,483,647"),
    "money": (
        "no amount, more decimals than the column keeps, or ten trillion and more",
        "不是金额、小数位数超过该列，或达到十万亿",
    ),
    "value": (
        "no number, more decimals than the column keeps, or a hundred quadrillion and more",
        "不是数值、小数位数超过该列，或达到十亿亿",
    ),
    "boolean": ("neither yes nor no", "既不是“是”也不是“否”"),
    "date": ("no date as declared (without a format YYYY-MM-DD)", "不是约定格式的日期（未声明格式时为 YYYY-MM-DD）"),
    "timestamp": (
        "no moment as declared (without a format YYYY-MM-DD hh:mm:ss), or a local time that the clock change skips or "
        "repeats",
        "不是约定格式的时间（未声明格式时为 YYYY-MM-DD hh:mm:ss），或是夏令时切换时不存在或重复的当地时间",
    ),
    "phone": ("no telephone number, or more than one", "不是电话号码，或不止一个号码"),
    "email": ("no e-mail address, or more than one", "不是邮箱地址，或不止一个地址"),
    "uscc": (
        "no unified social credit code (GB 32100-2015): a wrong check character, or a placeholder such as zeros",
        "不是统一社会信用代码（GB 32100-2015）：校验位不符，或为全零等占位符",
    ),
    "region": ("a region that regions.yml does not know", "regions.yml 中没有的区域"),
    "province": ("no province of China", "不是中国的省级行政区"),
}
# By the type of a column, what reads a text of it: the result of another one would be cast, and a day changed or a
# number rounded by that. A column of text takes the result of any.
READERS: dict[str, tuple[str, ...]] = {
    "integer": ("integer",), "decimal": ("money",), "price": ("money",), "value": ("money",), "boolean": ("boolean",),
    "date": ("date",), "timestamp": ("timestamp",),
}  # fmt: skip
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
    aliases: tuple[str, ...] = ()
    is_odd: str = "true"  # SQL that tells whether a row may have anything of ODD at all

    @classmethod
    def of(cls, company: Company) -> Normalisers:
        """Normalisers of a company: its zone, its country and the spellings of its regions."""
        regions = {
            lowered(spelling): region.id
            for region in company.regions.regions
            for spelling in (region.id, region.name.en, region.name.zh, *region.aliases)
        }
        proper = {lowered(text) for r in company.regions.regions for text in (r.id, r.name.en, r.name.zh)}
        proper |= set(_province_spellings())  # a source that knows the province alone makes no mistake
        about = company.about
        aliases = tuple(sorted(set(regions) - proper))
        return cls(about.time_zone, about.country, about.earliest_date, regions, aliases)

    def value(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        """Return the SQL of the typed value of `column` from the SQL of its text."""
        if mapping.values:  # with signs that the row need not have
            return replace(self, is_odd="true")._built(_mapped(text, mapping), column, mapping)
        return self._built(text, column, mapping)

    def _built(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        builder: Callable[[str, Column, ColumnMapping], str] = getattr(self, f"_{_kind(column, mapping)}")
        return builder(text, column, mapping)

    def reason(self, column: Column, mapping: ColumnMapping) -> tuple[str, str]:
        """Return why a text is no value of a column, in English and Chinese."""
        if mapping.values:
            return "a word that the mapping of this column does not have", "映射中没有列出的值"
        return REASONS["value" if column.type == "value" else _kind(column, mapping)]

    def reads_digits(self, column: Column, mapping: ColumnMapping) -> bool:
        """Tell whether digits and signs as wide as Chinese characters are mended in a column."""
        kinds = ("integer", "quantity", "money", "decimal", "price", "date", "timestamp", "phone", "uscc", "email")
        return _kind(column, mapping) in kinds

    def repair(self, text: str, column: Column, mapping: ColumnMapping) -> tuple[str, str] | None:
        """Return the name of what is mended in a kind of column alone, and the SQL that tells where; None for nothing.

        `phone_form`: a number that is neither digits alone nor E.164. `letter_case`: a code or an address in another
        case. `alias`: another name of a region. A format that the mapping declares (money with its sign) is no mistake.
        """
        kind = _kind(column, mapping)
        if kind == "phone":
            return "phone_form", f"(regexp_matches({text}, '[^0-9]') and {text} <> {ident(column.name)})"
        if kind in ("uscc", "email"):
            return "letter_case", f"{text} <> {ident(column.name)}"
        if kind == "region" and self.aliases:
            return "alias", f"lower({text}) in ({', '.join(map(literal, self.aliases))})"
        return None

    def _half_width(self, text: str) -> str:
        """Few rows have digits in full width, and looking for them in every cell takes half of the time of conform."""
        wide = half_width(text)
        return wide if self.is_odd == "true" else f"(case when {self.is_odd} then {wide} else {text} end)"

    def _unless_odd(self, test: str, value: str, careful: str) -> str:
        """Return a value worked out the short way where a row has nothing of ODD and a test holds."""
        if self.is_odd == "true":
            return careful
        return f"case when not {self.is_odd} and ({test}) then {value} else {careful} end"

    def _text(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return text

    def is_no_text(self, text: str, column: Column, mapping: ColumnMapping) -> str | None:
        """Return the SQL that tells a text that no value may be: None where the kind of the column says it anyway.

        PostgreSQL holds no NUL, and C programs take it for the end. An id of which a spreadsheet kept only the first
        digits names no record.
        """
        if _kind(column, mapping) != "text" or mapping.values:
            return None
        has_nul = f"contains({text}, chr(0))"
        if column.name.endswith(("_id", "_number")):
            return f"({self.is_odd} and ({has_nul} or regexp_full_match({text}, {literal(LOST_DIGITS)})))"
        return f"({self.is_odd} and {has_nul})"

    def _integer(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return self._whole(text, "bigint")

    def _quantity(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        """A bar code among the quantities is none: with its price it is more than any mart holds."""
        return self._whole(text, "integer")

    def _whole(self, text: str, kind: str) -> str:
        plain = self._half_width(text)
        is_whole = f"regexp_full_match({plain}, '[+-]?[0-9]+(\\.0+)?')"
        return self._unless_odd(
            f"strpos({text}, '.') = 0",
            f"try_cast({text} as {kind})",
            f"case when {is_whole} then try_cast({plain} as {kind}) end",
        )

    def _money(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        """A number with at most the decimals of the contract; more would be lost silently, so they are a fault.

        DuckDB's cast also reads powers of ten and underscores, which nobody means. Nor is the number of an account an
        amount: one of them would be more than a mart holds, and none could be built.
        """
        plain, scale = self._half_width(text), {"price": 4, "decimal": 2}.get(column.type, 4)
        digits = VALUE_DIGITS if column.type == "value" else AMOUNT_DIGITS
        kind = f"decimal({digits + scale},{scale})"
        if mapping.normalise == "money":
            bare = f"regexp_replace({plain}, '[{MONEY_SIGNS},\\s]', '', 'g')"
            plain = f"(case when regexp_full_match({plain}, {literal(MONEY)}) then {bare} end)"
        decimals = f"length(rtrim({plain}, '0')) - strpos({plain}, '.')"
        fits = f"(strpos({plain}, '.') = 0 or {decimals} <= {scale})"
        strange = f"{self.is_odd} and regexp_matches({plain}, '[eE_]')"
        value = f"case when {fits} and not ({strange}) then try_cast({plain} as {kind}) end"
        if mapping.normalise == "money":
            return value
        fits_as_it_stands = f"strpos({text}, '.') = 0 or strlen({text}) - strpos({text}, '.') <= {scale}"
        return self._unless_odd(fits_as_it_stands, f"try_cast({text} as {kind})", value)

    def _boolean(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        lowered = f"lower({text})"
        true, false = (", ".join(map(literal, words)) for words in (TRUE_WORDS, FALSE_WORDS))
        return f"case when {lowered} in ({true}) then true when {lowered} in ({false}) then false end"

    def _date(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        plain = self._half_width(text)
        if mapping.has_zone:  # the day that it was for the business
            zone = literal(mapping.zone or self.time_zone)
            return f"cast(timezone({zone}, {_parsed(plain, mapping.format)}) as date)"
        if mapping.format:
            return f"cast({_parsed(plain, mapping.format)} as date)"
        is_iso = f"regexp_full_match({plain}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"
        return f"case when {is_iso} then try_cast({plain} as date) end"

    def _timestamp(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        plain = self._half_width(text)
        if mapping.has_zone:
            return f"timezone('UTC', {_parsed(plain, mapping.format)})"
        if mapping.format:
            return self._to_utc(_parsed(plain, mapping.format), mapping)
        local = self._to_utc(f"try_cast({plain} as timestamp)", mapping)
        is_local = f"regexp_full_match({plain}, {literal(f'{ISO_DAY}([ T]{ISO_TIME})?')})"
        has_offset = f"regexp_full_match({plain}, {literal(f'{ISO_DAY}[ T]{ISO_TIME}{ISO_OFFSET}')})"
        return (
            f"case when {is_local} then {local} "
            f"when {has_offset} then timezone('UTC', try_cast({plain} as timestamptz)) end"
        )

    def _to_utc(self, local: str, mapping: ColumnMapping) -> str:
        return local_time.utc(local, mapping.zone or self.time_zone, self.earliest_date)

    def _phone(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        """E.164. What is a mobile number as it stands is told by the library's own pattern, the rest by the library."""
        plain = telephone.plain_mobile(self.country)
        if plain is None:
            return f"normalise_phone({text})"
        return (
            f"case when regexp_full_match({text}, {literal(plain.pattern)}) "
            f"and not regexp_matches({text}, {literal(plain.prefix)}) then '+{plain.code}' || {text} "
            f"else normalise_phone({text}) end"
        )

    def _email(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        """In lower case. What is plainly an address is taken as it stands, the rest is asked of the library."""
        lowered = f"lower({text})"
        return (
            f"case when regexp_full_match({lowered}, {literal(PLAIN_EMAIL)}) and length({text}) <= 254 "
            f"and strpos({text}, '--') = 0 and not regexp_matches({lowered}, {literal(_reserved_domains())}) "
            f"then {lowered} else normalise_email({text}) end"
        )

    def _uscc(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return f"normalise_uscc({text})"

    def _region(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return _looked_up(text, self.regions)

    def _province(self, text: str, column: Column, mapping: ColumnMapping) -> str:
        return _looked_up(text, _province_spellings())

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give the connection the functions that need a library; they see the few values that SQL cannot tell."""
        functions = {
            "normalise_phone": lambda text: telephone.phone(text, self.country),
            "normalise_email": email,
            "normalise_uscc": uscc,
        }
        special = FunctionNullHandling.SPECIAL  # else DuckDB takes a NULL that is returned for an error
        for name, function in functions.items():
            connection.create_function(name, _null_for_null(function), ["VARCHAR"], "VARCHAR", null_handling=special)


def _kind(column: Column, mapping: ColumnMapping) -> str:
    is_number = column.type in ("decimal", "price", "value")
    return column.normalise or mapping.normalise or ("money" if is_number else column.type)


def _parsed(text: str, pattern: str | None) -> str:
    """Return the SQL of the moment in a text; where parts touch each other, all of their digits have to be there.

    Without that `%Y%m%d` reads 2026111 as 1 November, though it may be 11 January. A year of `%Y` has four digits, or
    26 would be the first century; and a text without a digit is no moment: DuckDB reads `infinity` as 1900.
    """
    moment = f"try_strptime({text}, {literal(pattern)})"
    runs = _touching(pattern or "")
    if runs is None:
        wanted = A_YEAR if "Y" in format_specifiers(pattern or "") else "[0-9]"
        return f"(case when regexp_matches({text}, {literal(wanted)}) then {moment} end)"
    size, whole = runs
    is_whole = f"regexp_full_match({text}, {literal(whole)})"
    if size is not None:
        is_whole = f"strlen({text}) = {size} and regexp_matches({text}, '^[0-9]')"
    return f"(case when {is_whole} then {moment} end)"


def _touching(pattern: str) -> tuple[int | None, str] | None:
    """Return the pattern of texts in which parts that touch have all of their digits, None where none touch.

    Before it its length, where the text has nothing but such parts. A fraction of a second and the digits of a zone
    may look like a year, so they count as if they touched one.
    """
    parts = set(format_specifiers(pattern))
    found, run, touch, only = "", list[str](), "Y" in parts and not parts.isdisjoint(FRACTIONS + "z"), True
    for part, space, sign in [*re.findall(r"%-?(.)|(\s+)|(.)", pattern, re.DOTALL), ("", "", "")]:
        if part in DIGITS:
            run.append(part)
            continue
        if len(run) > 1:
            touch, last = True, run.pop() if run[-1] in FRACTIONS else ""
            only = only and not last
            found += f"[0-9]{{{sum(map(DIGITS.__getitem__, run))}}}" + (f"[0-9]{{1,{DIGITS[last]}}}" if last else "")
        elif run:
            found, only = found + ("[0-9]{4}" if run == ["Y"] else "[0-9]+"), False
        run.clear()
        if part or space or sign:
            only = False
            between = r"\s*" if space else ".+" if part in ("z", "Z") else "%" if part == "%" else "[^0-9]+"
            found += re.escape(sign) if sign else between
    return (sum(DIGITS[part] for part in format_specifiers(pattern)) if only else None, found) if touch else None


def _null_for_null(function: Callable[[str], str | None]) -> Callable[[str | None], str | None]:
    return lambda text: None if text is None else function(text)


def email(text: str) -> str | None:
    """Return an address in lower case, None when it cannot be one (RFC 5321, 5322 and 6531); nobody is asked."""
    import email_validator

    try:
        found = email_validator.validate_email(text, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return None
    return found.normalized.lower()


@cache
def _reserved_domains() -> str:
    import email_validator

    names = "|".join(name.replace(".", r"\.") for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)
    return rf"[@.]({names})$"


# Authority and category, administrative division, organisation, check character; letters that look like digits are
# left out. An authority is a digit, or A (军委), N (农业), Y (其他); no part but the organisation begins with a zero.
USCC = re.compile(r"[1-9ANY][1-9A-HJ-NPQRTUWXY][1-9][0-9]{5}([0-9A-HJ-NPQRTUWXY]{9})[0-9A-HJ-NPQRTUWXY]")


def uscc(text: str) -> str | None:
    """Return a unified social credit code of 18 characters (GB 32100-2015), None where it cannot be one.

    Its check character must be right. That alone lets placeholders in, 18 zeros among them: an organisation of one
    character nine times over, or of nine digits in a row, is none.
    """
    from stdnum.cn import uscc as standard

    plain: str = standard.compact(text.translate(telephone.HALF_WIDTH))
    found = USCC.fullmatch(plain)
    if not found or len(set(found[1])) == 1 or found[1] == "123456789":
        return None
    return plain if standard.calc_check_digit(plain[:17]) == plain[17] else None


def lowered(text: str) -> str:
    """Return a text in lower case as SQL makes it: sign by sign, where Python looks at those around a Σ."""
    return "".join("i" if sign == "İ" else sign.lower() for sign in text)


def province_code(text: str) -> str | None:
    """Return the ISO 3166-2 code of a province by any of its spellings, or None."""
    return _province_spellings().get(lowered(text.strip()))


@cache
def _province_spellings() -> dict[str, str]:
    return {
        lowered(spelling): province.iso_code
        for province in provinces()
        for spelling in (province.iso_code, province.name_en, province.name_zh, province.full_name_zh)
    }


def half_width(text: str) -> str:
    """Return the SQL of a text with its digits and signs in half width."""
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
