"""Workbooks as other programs write them, from their XML, and what that XML says by a plain walk over its elements."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
DATE = 1  # a style


def related(**parts: str) -> str:
    found = "".join(f'<Relationship Id="{kind}" Type="{DOCUMENT}/{kind}" Target="{to}"/>' for kind, to in parts.items())
    return f'<Relationships xmlns="{PACKAGE}">{found}</Relationships>'


def sheet_xml(*rows: str, start: str = f'<worksheet xmlns="{MAIN}">') -> str:
    return f"{start}<sheetData>{''.join(rows)}</sheetData></worksheet>"


def shared_xml(*texts: str) -> str:
    return f'<sst xmlns="{MAIN}">{"".join(f"<si>{text}</si>" for text in texts)}</sst>'


def styles_xml(*formats: int) -> str:
    """Return styles by the numbers of their formats; those above 200 count hours."""
    used = "".join(f'<xf numFmtId="{number}"/>' for number in formats)
    own = "".join(f'<numFmt numFmtId="{number}" formatCode="[h]:mm"/>' for number in formats if number > 200)
    return f'<styleSheet xmlns="{MAIN}"><numFmts>{own}</numFmts><cellXfs>{used}</cellXfs></styleSheet>'


def workbook(sheet: str, shared: str = "", more: Mapping[str, str | bytes] | None = None) -> bytes:
    """Return a workbook with one sheet, `Visits`; `more` has other parts by their names, or the same ones."""
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": related(officeDocument="xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": related(
            worksheet="sheet.xml", sharedStrings="sharedStrings.xml", styles="styles.xml"
        ),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>'
        '<sheet name="Visits" sheetId="1" r:id="worksheet"/></sheets></workbook>',
        "xl/sheet.xml": sheet,
        "xl/sharedStrings.xml": shared or shared_xml(),
        "xl/styles.xml": styles_xml(0, 14),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, **(more or {})}.items():
            archive.writestr(name, content if isinstance(content, bytes) else f'<?xml version="1.0"?>{content}')
    return target.getvalue()


@dataclass(frozen=True)
class Said:
    """A value that the XML of a sheet has; `text` is what a person reads, None where nobody could say."""

    row: int
    column: int
    text: str | None


def says(sheet: str, shared: str) -> list[Said]:
    """Return every value of a sheet that is no error and more than white space, however often a cell is there."""
    texts = [_text(item) for item in ElementTree.fromstring(shared).iterfind(f"{{{MAIN}}}si")]
    found, row = [], 0
    for line in ElementTree.fromstring(sheet).iter():
        if _bare(line) != "row":
            continue
        row, column = int(line.get("r", row + 1)), 0
        for cell in line:
            if _bare(cell) != "c":
                continue
            letters, number = re.fullmatch("([A-Za-z]*)([0-9]*)", cell.get("r", "")).groups()
            column = _number(letters) or column + 1
            value = _text(cell)
            if cell.get("t") != "e" and value.strip():
                found.append(Said(int(number or row), column, _shown(cell, value, texts)))
    return [said for said in found if said.text is None or said.text.strip()]


def _bare(element: ElementTree.Element) -> str:
    vocabulary, _, name = element.tag.rpartition("}")
    return name if vocabulary[1:] in (MAIN, STRICT) else element.tag


def _text(element: ElementTree.Element) -> str:
    """Return all text below an element that is no formula and not how a text is pronounced.

    Blanks around a text count where it says so, as in Excel; between elements they are none of it.
    """
    name, inside = _bare(element), [element.text or ""]
    for child in element:
        inside += ["" if _bare(child) in ("f", "rPh") else _text(child), child.tail or ""]
    if name == "t" and element.get("{http://www.w3.org/XML/1998/namespace}space") != "preserve":
        return "".join(inside).strip(" \t\r\n")
    return "".join(text for text in inside if text.strip() or name not in ("c", "is", "r", "si"))


def _number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter) + 1
    return number


def _shown(cell: ElementTree.Element, value: str, texts: list[str]) -> str | None:
    kind = cell.get("t", "n")
    if kind == "s":
        return texts[int(value)] if value.isdigit() and int(value) < len(texts) else None
    if kind == "b":
        return {"1": "true", "true": "true", "0": "false", "false": "false"}.get(value)
    if kind == "d":
        return value.replace("T", " ")
    if kind in ("str", "inlineStr"):
        return re.sub("_x([0-9A-F]{4})_", lambda code: chr(int(code[1], 16)), value)
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return value
    if cell.get("s") == str(DATE):
        return {"45000": "2023-03-15"}.get(value)
    whole, _, fraction = value.partition(".")
    return f"{int(whole)}.{fraction.rstrip('0')}".rstrip(".") if float(value) else "0"
