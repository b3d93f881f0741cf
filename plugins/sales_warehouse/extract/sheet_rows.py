"""Rows of a sheet told at a glance, which costs a tenth of their elements one by one.

A row is one where it is written to the letter as spreadsheet programs write numbers, texts and truth values, so that
its reader cannot read it in another way. Any other row is parsed, and so is every row of a sheet that is not plainly a
list of rows (comments, processing instructions, prefixes, a vocabulary that is declared further down).
"""

from __future__ import annotations

import re
import zipfile
from xml.parsers import expat

from sales_warehouse.extract.sheet_cells import (
    MOST_COLUMNS,
    SPREADSHEET,
    Book,
    Cells,
    Look,
    chunks,
    column_of,
    parse,
    whole_parts,
)

LONGEST_ROW = 64 << 20  # bytes of XML
_END = b"</row>"
_ENTITY = rb"&(?:amp|lt|gt|quot|apos);"
_NOT_BLANK = (  # how a text begins, in UTF-8, that is not blank
    rb"(?:[!-%'-;=-^`-~]|_(?!x)|[\xc3-\xe0\xe4-\xf4]|\xc2[\xa1-\xbf]|\xe1[\x80-\x99\x9b-\xbf]"
    rb"|\xe2(?:\x80[\x90-\xa7]|[\x82-\xbf])|\xe3(?:\x80[\x81-\xbf]|[\x81-\xbf])|" + _ENTITY + rb")"
)
_TEXT = _NOT_BLANK + rb"[^<&]*+(?:" + _ENTITY + rb"[^<&]*+)*+"
_NUMBER = rb"-?[0-9]{1,20}(?:\.[0-9]{1,30})?+(?:[eE][+-]?[0-9]{1,2})?+"
_STYLE = rb'(?: s="(?:0|[1-9][0-9]{0,5})")?+'
_FORMULA = rb"(?:<f(?: [^<>]*)?(?:/>|(?<!/)>[^<]*</f>))?+"
_KINDS = (
    rb'(?: t="n")?+' + _STYLE + rb"(?:/>|>" + _FORMULA + rb"<v>" + _NUMBER + rb"</v></c>)",
    rb' t="s"' + _STYLE + rb"(?:/>|><v>(?:0|[1-9][0-9]{0,8})</v></c>)",
    rb' t="inlineStr"' + _STYLE + rb'><is><t(?: xml:space="preserve")?>' + _TEXT + rb"</t></is></c>",
    rb' t="str"' + _STYLE + rb">" + _FORMULA + rb"<v>" + _TEXT + rb"</v></c>",
    rb' t="b"' + _STYLE + rb">" + _FORMULA + rb"<v>[01]</v></c>",
    rb' t="d"' + _STYLE + rb"><v>[0-9][0-9T:.Z+-]*+</v></c>",
)
_CELL = rb'<c r="[A-Z]{1,3}+(?P=row)"' + _STYLE + rb"(?:" + b"|".join(_KINDS) + rb")\s*+"
_HEAD = rb'\s*+<row r="(?P<row>[1-9][0-9]{0,6})"(?: (?:s|[A-Za-z0-9:]{2,})="[^"<>&]*+")*+\s*+>\s*+'
_ROW = re.compile(_HEAD + rb"(?:" + _CELL + rb")*+")
_COLUMN = re.compile(rb'<c r="([A-Z]+)')
_FILLED = re.compile(rb'<c r="([A-Z]+)[^<>]*(?<!/)>')
_GUESSED = re.compile(rb'<c r="([A-Z]+)[^<>]*><f')
_SHARED = re.compile(rb'<c r="([A-Z]+)[^<>]* t="s"[^<>]*><v>([0-9]+)<')
_NO_DATE = re.compile(rb' s="([0-9]+)"[^<>]*>' + _FORMULA + rb"<v>(?:-|60[.<]|[0-9.]+[eE])")
_MERGE, _MERGED = re.compile(rb"mergeCell[\s/>]"), re.compile(rb'<mergeCell ref="([A-Z0-9:]+)" ?/>')
_NOT_PLAIN = re.compile(rb"<[!?]|<[^\s<>/]*:|\sxmlns[\s=:]")
_HIDDEN = re.compile(rb"<[!?]|<(?:[^\s<>/]*:)?(?:row|c)[\s/>]|sheetData")
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml (?P<declared>[^<>]*)\?>)?\s*<(?:(?P<prefix>[A-Za-z]+):)?worksheet\s"
    rb'(?P<others>[^<>]*?)\bxmlns(?(prefix):(?P=prefix))="(?:'
    + b"|".join(re.escape(name.encode()) for name in SPREADSHEET)
    + rb')"(?P<more>[^<>]*)>'
)
_OTHER_ENCODING = re.compile(rb"encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE)


def read_cells(archive: zipfile.ZipFile, part: str, sheet: str, book: Book) -> Look:
    """Return what a sheet holds; raise FileRefused when it can be read in more than one way."""
    cells = Cells(sheet, book)
    if not _read_at_a_glance(archive, part, _Glance(cells)):
        cells = Cells(sheet, book)
        parse(archive, part, cells)
    return cells.look


def _read_at_a_glance(archive: zipfile.ZipFile, part: str, glance: _Glance) -> bool:
    """Follow the rows; tell whether the sheet is plainly a list of them, with one prefix at most."""
    prefix: bytes | None = None
    rest, has_begun = b"", False
    with whole_parts(), archive.open(part) as source:
        for chunk in chunks(source):
            rest += chunk
            prefix = _prefix(rest) if prefix is None else prefix
            if prefix is None:
                return False
            *rows, rest = rest.split(b"</" + prefix + b"row>")
            if rows and not has_begun:
                before, begin, rows[0] = rows[0].partition(b"<" + prefix + b"sheetData>")
                has_begun = bool(begin)
                if not begin or _HIDDEN.search(before, before.index(b"worksheet")):
                    return False
            if not all(glance.take(_without(prefix, row)) for row in rows) or len(rest) > LONGEST_ROW:
                return False
    before, end, after = _without(prefix or b"", rest).partition(b"</sheetData>")
    is_plain = has_begun and bool(end) and not before.strip() and b"sheetData" not in after
    return is_plain and glance.take_merged(after)


def _prefix(xml: bytes) -> bytes | None:
    """Return what is before the name of every element of a sheet, None when that is not plain."""
    root = _ROOT.match(xml)
    if root is None or _OTHER_ENCODING.search(root["declared"] or b""):
        return None
    if root["prefix"] is None:
        return b""
    return None if b"xmlns=" in root["others"] + root["more"] else root["prefix"] + b":"


def _without(prefix: bytes, xml: bytes) -> bytes:
    """Return the XML of rows without a prefix; there is no `<` in it but that of an element, or it is not plain."""
    return xml.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</") if prefix else xml


class _Glance:
    """Takes rows from their XML, up to the end of each."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._blank_texts = frozenset(text.encode() for text in cells.book.blank_texts)
        self._odd_texts = frozenset(text.encode() for text in cells.book.odd_texts)
        self._date_styles = frozenset(style.encode() for style in cells.book.date_styles)
        self._shapes: dict[tuple[bytes, ...], tuple[int, ...] | None] = {}

    def take(self, xml: bytes) -> bool:
        """Take what comes up to the end of a row; tell whether that could be done."""
        found = _ROW.fullmatch(xml)
        columns = self._columns(_COLUMN.findall(xml)) if found else None
        if found is None or columns is None or self._has_no_date(xml):
            return self._parse(xml)
        if b"/>" in xml:
            columns = self._columns(_FILLED.findall(xml)) or ()
        blank: set[bytes] = set()
        if self._blank_texts or self._odd_texts:
            shared = _SHARED.findall(xml)
            if any(text in self._odd_texts for _, text in shared):
                return self._parse(xml)
            blank = {column for column, text in shared if text in self._blank_texts}
        self._cells.take_row(int(found["row"]))
        if columns:
            self._cells.make_room(columns[-1])
        if blank:
            empty = {column_of(column.decode()) for column in blank}
            columns = tuple(column for column in columns if column not in empty)
        self._cells.fill(columns)
        if not self._cells.book.is_calculated and b"<f" in xml:
            self._cells.doubt(column_of(column.decode()) for column in _GUESSED.findall(xml))
        return True

    def take_merged(self, xml: bytes) -> bool:
        """Take the merged cells from what is behind the rows; tell whether they are plainly written."""
        if b"mergeCell" not in xml:
            return True
        found = _MERGED.findall(xml)
        if len(found) != len(_MERGE.findall(xml)) or b"<!" in xml:
            return False
        for reference in found:
            self._cells.look.merge(reference.decode())
        return True

    def _has_no_date(self, xml: bytes) -> bool:
        return bool(self._date_styles) and not self._date_styles.isdisjoint(_NO_DATE.findall(xml))

    def _columns(self, names: list[bytes]) -> tuple[int, ...] | None:
        """Return the numbers of the columns in order, None when there can be no such columns."""
        key = tuple(names)
        if key not in self._shapes:
            numbers = sorted({column_of(name.decode()) for name in names})
            is_right = len(numbers) == len(names) and (not numbers or numbers[-1] <= MOST_COLUMNS)
            self._shapes[key] = tuple(numbers) if is_right else None
        return self._shapes[key]

    def _parse(self, xml: bytes) -> bool:
        if _NOT_PLAIN.search(xml):
            return False
        try:
            self._cells.take_rows(xml + _END)
        except expat.ExpatError:
            return False
        return True
