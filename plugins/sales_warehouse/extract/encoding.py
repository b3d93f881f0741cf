"""Encodings: files become UTF-8 byte by byte correct, or are refused with the place and the likely encoding."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sales_warehouse.extract.outcome import FileRefused

CHUNK = 1 << 20
ENOUGH_TO_TELL = 8  # different characters
SAMPLE, ENOUGH = 200_000, 20_000  # characters looked at to tell encodings apart
SURELY_CHINESE, HARDLY_CHINESE = 0.6, 0.2
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
DECLARABLE = ("utf-8", "utf-16", "gb18030", "windows-1252")
CHINESE = ("gb18030", "big5")
ARCHIVES = ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "zip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"))
# Two bytes that are one GB18030 character are now and then valid UTF-8 too; eight such characters in a row are not, and
# fewer are when they are no common ones: 你好 in UTF-8 is 浣犲ソ in GB18030.
ENOUGH_UTF8 = {"gb18030": 8, "windows-1252": 1}

# Windows-1252: letters with accents, the euro, dashes and quotes, and the signs of prices, degrees and questions.
WESTERN = frozenset(bytes([byte]) for byte in (*range(0xC0, 0x100), *b"\x80\x85\x91\x92\x93\x94\x95\x96\x97\x99"))
WESTERN |= frozenset(bytes([byte]) for byte in b"\xa0\xa1\xa3\xa7\xa9\xaa\xab\xae\xb0\xb4\xba\xbb\xbf")
NEARLY_ALL = 0.9
_CHARACTER = re.compile(r"[^\x00-\x7f]")
_BESIDE_LETTER = re.compile(r"[A-Za-z]")
# Letters with accents inside of a word of Windows-1252, all of it in one case but for its first letter. Read as GB18030
# they are a rare character between two letters, or one in capitals: Müller, INSTALAÇÃO.
_IN_A_WORD = re.compile(
    rb"[A-Za-z][\xdf-\xf6\xf8-\xff][a-z]|[a-z][\xdf-\xf6\xf8-\xff]{2}[a-z]|"
    rb"[A-Z][\xc0-\xcf\xd1-\xd6\xd8-\xdd]{1,2}[A-Z]"
)
_INSIDE_WORD = re.compile(r"[A-Za-z][^\x00-\x7f][A-Za-z]")


def as_utf8(file: Path, encoding: str, place: Path) -> None:
    """Make `place` the same text in UTF-8: a link when the file is UTF-8 by promise, else a copy.

    UTF-8 is not checked here: whoever parses the file does, and calls `check_utf8` on failure.
    Raises FileRefused for archives, a byte order mark that contradicts `encoding`, and bytes outside of it.
    """
    if encoding == "auto":
        encoding = detected(file)
    refuse_other_kinds(file, encoding)
    if encoding == "utf-8":
        place.symlink_to(file.resolve())
        return
    _refuse_utf8(file, encoding)
    with file.open("rb") as source, place.open("wb") as target:
        for text in _decoded(source, file, encoding):
            target.write(text.encode("utf-8"))


def detected(file: Path, *, takes_a_guess: bool = False) -> str:
    """Return the encoding of a file: its byte order mark, else UTF-8 when all of it is, else what its characters say.

    Text in GB18030 is mostly made of the common characters of GB 2312, first level, and of its punctuation; text in
    Windows-1252 that happens to be valid GB18030 is hardly ever, but where two accented capitals meet inside of a word
    (INSTALAÇÃO), so a character between two letters tells nothing. Raises FileRefused between the two, and where so few
    characters are there that either may be meant: 鑫 is öÎ, and 北 is ±±; `takes_a_guess` is for those who see it.
    """
    with file.open("rb") as source:
        start = source.read(CHUNK)
    for mark, name in BOMS:
        if start.startswith(mark):
            return name
    wide = start.decode("utf-16", "replace") if b"\x00" in start else ""
    if "\n" in wide and "\x00" not in wide and _decodes(file, "utf-16"):
        return "utf-16"
    if _decodes(file, "utf-8"):
        return "utf-8"
    found = _as_chinese(file) if _decodes(file, "gb18030") else None
    share = found.share if found else 0.0
    is_enough = found is None or takes_a_guess or found.different >= ENOUGH_TO_TELL
    if found and share >= SURELY_CHINESE and (is_enough or found.alone >= 2):
        return "gb18030"
    is_western = share <= HARDLY_CHINESE and _is_western(start) and not _is_partly_utf8(start)
    if is_western and (is_enough or _IN_A_WORD.search(start)) and _decodes(file, "windows-1252"):
        return "windows-1252"
    seen = f"{share:.0%} of its characters are common in GB18030"
    if found and not is_enough:
        seen += f", with {found.different} different ones, which is too little to tell by"
    raise FileRefused(
        f"its encoding cannot be told: not UTF-8, and {seen}; it may be gb18030 or windows-1252: set `encoding` for "
        "this table (`encoding: gb18030`), or ask for UTF-8"
    )


def _decodes(file: Path, encoding: str) -> bool:
    with contextlib.suppress(FileRefused), file.open("rb") as source:
        for _ in _decoded(source, file, encoding):
            pass
        return True
    return False


def _is_partly_utf8(start: bytes) -> bool:
    """Tell whether many bytes beyond ASCII make characters of UTF-8: text that was put together from two encodings."""
    runs = re.findall(rb"[\x80-\xff]+", start)
    whole = sum(_fits(run, "utf-8") for run in runs)
    return whole * 4 > len(runs)


def _is_western(start: bytes) -> bool:
    """Tell whether nearly all bytes beyond ASCII are letters or signs that Western texts have."""
    beyond = re.findall(rb"[\x80-\xff]", start)
    return sum(byte in WESTERN for byte in beyond) >= NEARLY_ALL * len(beyond)


@dataclass(frozen=True)
class _Chinese:
    """The characters beyond ASCII of a file, read as GB18030.

    `share` of them are common in Chinese: rows 1 to 3 and 16 to 55 of GB 2312. So many are `different`, and so many of
    the common ones stand `alone`, beside no letter of ASCII.
    """

    share: float
    different: int
    alone: int


def _as_chinese(file: Path) -> _Chinese:
    common = every = 0
    different, alone = set[str](), set[str]()
    with file.open("rb") as source:
        for text in _decoded(source, file, "gb18030"):
            for found in _CHARACTER.finditer(text[:SAMPLE]):
                every += 1
                lead, *rest = found[0].encode("gb18030")
                is_common = len(rest) == 1 and rest[0] >= 0xA1 and (0xA1 <= lead <= 0xA3 or 0xB0 <= lead <= 0xD7)
                common += is_common and not _INSIDE_WORD.match(text, max(0, found.start() - 1))
                different.add(found[0])
                if is_common and not _BESIDE_LETTER.search(text[max(0, found.start() - 1) : found.end() + 1]):
                    alone.add(found[0])
            if every >= ENOUGH:
                break
    return _Chinese(common / every if every else 0.0, len(different), len(alone))


def check_utf8(file: Path) -> None:
    """Raise FileRefused when a file is not UTF-8."""
    with file.open("rb") as source:
        for _ in _decoded(source, file, "utf-8"):
            pass


def _decoded(source: BinaryIO, file: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(_codec(file, encoding))("strict")
    done = 0
    while True:
        chunk = source.read(CHUNK)
        held = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:
            raise FileRefused(_wrong(file, encoding, done - held + getattr(error, "start", 0))) from error
        yield text
        if not chunk:
            return
        done += len(chunk)


def codec_of_a_row(file: Path, encoding: str) -> str:
    """Return the codec of the bytes of a row of a file: without a byte order mark, which only begins a file."""
    if encoding != "utf-16":
        return encoding
    with file.open("rb") as source:
        return "utf-16-be" if source.read(2) == codecs.BOM_UTF16_BE else "utf-16-le"


def _codec(file: Path, encoding: str) -> str:
    """UTF-16 without a byte order mark is little-endian, as Windows writes it."""
    if encoding != "utf-16":
        return encoding
    with file.open("rb") as source:
        return encoding if source.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-16-le"


def _wrong(file: Path, encoding: str, offset: int) -> str:
    with file.open("rb") as source:
        line, left = 1, offset
        while left and (chunk := source.read(min(CHUNK, left))):
            line += chunk.count(b"\n")
            left -= len(chunk)
        near = source.read(1)
    found = f"0x{near.hex()}" if near else "the end of the file"
    return f"not {encoding}: {found} at byte {offset}, line {line}; {likely(file, encoding, offset)}"


def likely(file: Path, declared: str, offset: int) -> str:
    """Say which encoding the bytes around an offset fit, and what to do about it."""
    with file.open("rb") as source:
        source.seek(max(0, offset - 2000))
        before = source.read(min(offset, 2000))
        after = source.read(4000)
    line = before.rsplit(b"\n", 1)[-1] + after.split(b"\n", 1)[0]
    fits = next((name for name in _by_likelihood(line) if name != declared and _fits(line, name)), None)
    if fits is None:
        return "no usual encoding fits that line; ask for the file again"
    if declared == "utf-8" and any(byte > 0x7F for byte in before):
        return f"that line fits {fits} while the text before it is UTF-8: the file mixes encodings, ask for it again"
    if fits not in DECLARABLE:
        return f"it looks like {fits}, which is not read; ask for the file as UTF-8"
    return f"it looks like {fits}: set `encoding: {fits}` for this table or ask for {declared}"


def _by_likelihood(line: bytes) -> tuple[str, ...]:
    """Letters with accents stand alone between ASCII letters, the bytes of Chinese text do not."""
    alone = all(len(run) == 1 for run in re.findall(rb"[\x80-\xff]+", line))
    return ("utf-8", "windows-1252", *CHINESE) if alone else ("utf-8", *CHINESE, "windows-1252")


def _fits(line: bytes, encoding: str) -> bool:
    with contextlib.suppress(UnicodeError):
        line.decode(encoding)
        return True
    return False


def refuse_other_kinds(file: Path, encoding: str) -> None:
    """Raise FileRefused for archives, and for a file whose first bytes speak of another encoding."""
    with file.open("rb") as source:
        start = source.read(4)
    for magic, kind in ARCHIVES:
        if start.startswith(magic):
            raise FileRefused(f"this is a {kind} archive, not text; unpack it before it is put here")
    for mark, name in BOMS:
        if start.startswith(mark) and name != encoding:
            raise FileRefused(
                f"not {encoding}: the byte order mark at byte 0, line 1 says {name}; "
                f"set `encoding: {name}` for this table or ask for {encoding}"
            )
    if encoding != "utf-16" and len(start) == 4 and start[:2].count(0) == start[2:].count(0) == 1:
        raise FileRefused(f"not {encoding}: every other byte is NUL, it looks like utf-16: set `encoding: utf-16`")


def _refuse_utf8(file: Path, encoding: str) -> None:
    """Refuse text that is UTF-8 where another encoding is promised: it would decode to wrong characters silently."""
    enough = ENOUGH_UTF8.get(encoding)
    if enough is None:
        return
    decoder, foreign = codecs.getincrementaldecoder("utf-8")("strict"), 0
    with file.open("rb") as source, contextlib.suppress(UnicodeError):
        while chunk := source.read(CHUNK):
            text = decoder.decode(chunk)
            foreign += 0 if text.isascii() else len(re.findall(r"[^\x00-\x7f]", text))
        decoder.decode(b"", final=True)
        is_short = encoding == "gb18030" and 0 < foreign < enough
        if foreign >= enough or (is_short and _as_chinese(file).share < SURELY_CHINESE):
            raise FileRefused(
                f"not {encoding}: every byte of the file is valid UTF-8, with {foreign} characters outside ASCII; "
                "set `encoding: utf-8` for this table"
            )
