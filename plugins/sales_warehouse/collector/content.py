"""The body of a request as one line of JSON, so that a mapping can name what is in it.

Numbers keep their digits: JSON is not parsed and written again, it is put into the line as it came. What our own reader
of JSON Lines would refuse, or make somebody refuse the whole file (bytes that are no UTF-8), is Unreadable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from sales_warehouse.collector.xml_message import BadXml, read_message
from sales_warehouse.extract.record import NotARecord, fields_of

MOST_FIELDS = 1_000


class Unreadable(ValueError):
    """A body that is not what its content type says, with the reason; never with what it holds."""


def media_type(header: str) -> str:
    """Return `application/json` of `application/json; charset=utf-8`."""
    return header.partition(";")[0].strip().lower()


async def as_json(content_type: str, body: bytes) -> bytes:
    """Return a body as JSON on one line; raise Unreadable."""
    kind = media_type(content_type)
    if kind == "application/json" or kind.endswith("+json"):
        return _json(body)
    if kind == "application/x-www-form-urlencoded":
        return _dump(_form(body))
    if kind == "multipart/form-data":
        return _dump(await _multipart(content_type, body))
    if kind == "text/xml":
        return _dump(_xml(body))
    return _dump(_text(body))


def _json(body: bytes) -> bytes:
    _text(body)
    # In JSON a line end is never part of a text.
    line = body.strip(b" \t\r\n").replace(b"\r", b" ").replace(b"\n", b" ")
    if not line.startswith((b"{", b"[")):
        raise Unreadable("JSON that is no object and no list" if line else "the body is empty")
    try:
        fields_of(line if line.startswith(b"{") else b'{"body":' + line + b"}")
    except NotARecord as error:
        place = str(error) if line.startswith(b"{") else str(error).partition(" (byte")[0]
        raise Unreadable(place) from error
    return line


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 at byte {error.start}") from error


def _xml(body: bytes) -> dict[str, Any]:
    try:
        return read_message(body)
    except BadXml as error:
        raise Unreadable(str(error)) from error


def _form(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            _text(body), keep_blank_values=True, strict_parsing=bool(body), errors="strict", max_num_fields=MOST_FIELDS
        )
    except UnicodeDecodeError as error:
        raise Unreadable("a field of the form is not UTF-8") from error
    except Unreadable:
        raise
    except ValueError as error:
        raise Unreadable(f"not an encoded form of at most {MOST_FIELDS} fields") from error
    return _collected(pairs)


class _Parts(MultiPartParser):
    """Knows whether the boundary that ends a form came."""

    is_whole = False

    def on_end(self) -> None:
        self.is_whole = True


async def _multipart(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the fields of a form, in the charset that it declares (RFC 7578), else UTF-8."""

    async def stream() -> AsyncIterator[bytes]:
        yield body

    parser = _Parts(
        Headers({"content-type": f"{content_type}; charset=latin-1"}),  # every byte as a character, to be decoded here
        stream(),  # type: ignore[arg-type]  # any iterator will do
        max_files=MOST_FIELDS,
        max_fields=MOST_FIELDS,
        max_part_size=len(body),
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, LookupError, UnicodeDecodeError) as error:
        raise Unreadable("not a form of several parts") from error
    try:
        if not parser.is_whole:
            raise Unreadable("the last boundary is missing: the form was cut off")
        declared = parse_options_header(content_type)[1].get(b"charset", b"").decode("latin-1")
        charset = declared or next((str(value) for name, value in form.multi_items() if name == "_charset_"), "utf-8")
        return _collected(
            [(_decoded(name, charset), await _part(value, charset)) for name, value in form.multi_items()]
        )
    finally:
        await form.close()


async def _part(value: str | UploadFile, charset: str) -> Any:
    """A file is described; its bytes are in `raw`, as a part of the whole body."""
    if isinstance(value, str):
        return _decoded(value, charset)
    data = await value.read()
    described = {"filename": _decoded(value.filename or "", charset), "content_type": value.content_type}
    return {**described, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _decoded(text: str, charset: str) -> str:
    try:
        return text.encode("latin-1").decode(charset)
    except (LookupError, UnicodeError) as error:
        raise Unreadable("a field of the form is not in its charset (UTF-8 where it names none)") from error


def _collected(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A field that is there several times becomes a list."""
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _dump(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unreadable("a broken character in a text") from error
