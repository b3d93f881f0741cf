"""Small XML messages as JSON: no document type, no entities, limits on depth and number of elements."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

DEEPEST, MOST = 8, 1_000


class BadXml(ValueError):
    """A text that is no XML message, with the reason; never with what it holds."""


def read_message(text: bytes) -> dict[str, Any]:
    """Return the elements below the root: text by name, objects for nested ones, lists for repeated names."""
    builder = _Builder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_document_type
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise BadXml(f"not XML: {expat.errors.messages.get(error.code, 'an error')} (line {error.lineno})") from error
    root = builder.root
    if not isinstance(root, dict):
        raise BadXml("no elements in the message")
    return root


def _no_document_type(*_: object) -> None:
    raise BadXml("a document type is not allowed")


class _Builder:
    """Collects elements while the parser goes through them."""

    def __init__(self) -> None:
        self.stack: list[tuple[str, dict[str, Any], list[str]]] = []
        self.root: dict[str, Any] | str | None = None
        self.count = 0

    def start(self, name: str, _: dict[str, str]) -> None:
        self.count += 1
        if len(self.stack) >= DEEPEST or self.count > MOST:
            raise BadXml(f"more than {DEEPEST} levels or {MOST} elements")
        self.stack.append((name, {}, []))

    def text(self, data: str) -> None:
        if self.stack:
            self.stack[-1][2].append(data)

    def end(self, _: str) -> None:
        name, children, texts = self.stack.pop()
        value = children or "".join(texts)
        if not self.stack:
            self.root = value
            return
        parent = self.stack[-1][1]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]
