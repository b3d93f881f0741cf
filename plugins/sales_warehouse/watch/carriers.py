"""Who takes a message to people: a file by default, or what Apprise speaks (mail, WeCom, DingTalk, Slack …)."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from sales_warehouse import durable
from sales_warehouse.company import alerts
from sales_warehouse.watch import formats
from sales_warehouse.watch.message import Message, shorter
from sales_warehouse.watch.wording import clipped

URLS_VARIABLE = "SALES_WAREHOUSE_APPRISE_URLS"
URLS_FILE_VARIABLE = "SALES_WAREHOUSE_APPRISE_URLS_FILE"

# Receivers that know this header drop a second copy (a draft of the IETF, used by many APIs).
KEY_HEADER = "Idempotency-Key"

# They write addresses, and the tokens in them, into the log when it is set to DEBUG.
TALKATIVE = ("apprise", "urllib3", "requests")


class NotDelivered(RuntimeError):
    """A message did not reach its receiver; the text holds no secret."""


class Carrier(Protocol):
    """`name` tells carriers apart from one refresh to the next; `send` raises when the message did not arrive."""

    name: str

    def send(self, key: str, message: Message) -> None: ...


class FileCarrier:
    """Messages become files: one for each key, so sending twice leaves one."""

    name = "file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, key: str, message: Message) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}-{message.on}.md"
        scratch = target.with_name(f".{target.name}.{os.getpid()}{durable.TEMPORARY}")
        scratch.write_text(_formatted(message, titled=True)[0], encoding="utf-8")
        durable.move(scratch, target)


class AppriseCarrier:
    """Messages leave to the Apprise address at one place of a connection, which names the carrier: with another token
    in the address it is still the same. Raises ValueError, without the address, when that cannot be read.

    A receiver gets Markdown where it shows some, else plain text, and no more than it takes: what is too long for it
    loses what to do first, and then its last incidents; what is said of rules with a mistake goes last.
    """

    def __init__(self, url: str, connection: str, place: int = 1) -> None:
        scheme = url.partition("://")[0] if "://" in url else "without a scheme"
        self._url = url
        if _plugin(url) is None:
            raise ValueError(
                f"Apprise address {place} ({scheme}) cannot be read: see {URLS_VARIABLE}, or connection {connection!r}"
            )
        self.name = f"{connection} {place}"

    def send(self, key: str, message: Message) -> None:
        plugin = _plugin(self._url)
        if isinstance(getattr(plugin, "headers", None), dict):
            plugin.headers[KEY_HEADER] = key
        body, body_format = _fitting(message, plugin)
        with _hushed() as said:
            arrived = plugin.notify(body=body, title=message.title, body_format=body_format)
        if not arrived:
            raise NotDelivered(_reason(said.getvalue()))


def chosen_carriers(
    described: Sequence[alerts.Carrier], messages: Path, addresses: Callable[[str], Sequence[str]]
) -> tuple[list[Carrier], list[str]]:
    """The carriers of a company's alerts.yml, one for each address, and a sentence on each that is not set up.

    An address that two entries lead to, as those of the environment do, counts for the first of them.
    """
    carriers: list[Carrier] = []
    wrong = []
    taken: set[str] = set()
    for entry in described:
        if entry.type == "file":
            carriers.append(FileCarrier(messages))
            continue
        try:
            urls = addresses(entry.connection)
        except Exception as error:  # its text may hold an address
            why = f"could not be looked up ({type(error).__name__}); what it has to tell waits for the next refresh"
            wrong.append(f"connection {entry.connection!r} {why}")
            continue
        if not urls:
            wrong.append(
                f"no Apprise address in connection {entry.connection!r}: add one there, or set {URLS_VARIABLE}"
            )
        for place, url in enumerate(urls, start=1):
            if url in taken:
                continue
            taken.add(url)
            try:
                carriers.append(AppriseCarrier(url, entry.connection, place))
            except Exception as error:
                wrong.append(str(error) if isinstance(error, ValueError) else f"apprise: {type(error).__name__}")
    return carriers, wrong


def apprise_urls(environment: Mapping[str, str]) -> list[str]:
    """Addresses of SALES_WAREHOUSE_APPRISE_URLS, or of the file named by …_URLS_FILE, apart by white space."""
    file = environment.get(URLS_FILE_VARIABLE)
    return (environment.get(URLS_VARIABLE) or (Path(file).read_text(encoding="utf-8") if file else "")).split()


def unusable(described: Sequence[alerts.Carrier], environment: Mapping[str, str]) -> list[tuple[int, str]]:
    """Return the places of carriers that cannot deliver, with what is wrong and how to mend it, without any address.

    Only addresses that the environment holds can be looked at; those in Airflow's own store it reads when it sends.
    """
    found = []
    for place, entry in enumerate(described):
        if entry.type == "file":
            continue
        try:
            urls = _addresses_of(entry.connection, environment)
            for number, url in enumerate(urls or (), start=1):
                AppriseCarrier(url, entry.connection, number)
        except OSError as error:
            found.append((place, f"{URLS_FILE_VARIABLE} names a file that cannot be read: {error.strerror}"))
        except ValueError as error:
            found.append((place, f"{error}"))
    return found


def _addresses_of(connection: str, environment: Mapping[str, str]) -> list[str] | None:
    """The addresses of a connection as far as the environment tells, None where Airflow's store has to be asked."""
    variable = f"AIRFLOW_CONN_{connection.upper()}"
    if variable in environment:
        try:
            told = json.loads(environment[variable])
            extra = told.get("extra") or {}
            return urls_of_connection(json.loads(extra) if isinstance(extra, str) else extra)
        except (ValueError, AttributeError, KeyError, TypeError):
            raise ValueError(
                f'{variable} is not JSON of the form {{"conn_type": "apprise", "extra": {{"config": [{{"path": …}}]}}}}'
            ) from None
    return apprise_urls(environment) or None


def urls_of_connection(extra: Mapping[str, Any]) -> list[str]:
    """Addresses in the `config` of an Airflow connection of type Apprise: one {path, tag} or a list of them."""
    config = extra.get("config") or []
    return [entry["path"] for entry in (config if isinstance(config, list) else [config])]


def _formatted(message: Message, *, titled: bool) -> tuple[str, str]:
    """The message and the name of its format; plain text when Markdown fails, for it has to go out."""
    try:
        return formats.markdown(message, titled=titled), "markdown"
    except Exception:
        return formats.plain(message, titled=titled), "text"


def _fitting(message: Message, plugin: Any) -> tuple[str, str]:
    """As much of the message as a receiver takes, in bytes, and the name of its format."""
    shown = plugin.notify_format if isinstance(plugin.notify_format, tuple) else (plugin.notify_format,)
    is_plain = all(kind == "text" for kind in shown)
    # A receiver without a title of its own gets it above the text.
    room = max(plugin.body_maxlen - (0 if plugin.title_maxlen else len(message.title.encode()) + len("\r\n")), 0)
    body, name = "", "text"
    for kept in shorter(message):
        body, name = (formats.plain(kept, titled=False), "text") if is_plain else _formatted(kept, titled=False)
        if len(body.encode()) <= room:
            return body, name
    return _cut(body, room), name


def _cut(body: str, room: int) -> str:
    """As much of a text as there is room for, in bytes, up to the end of a word."""
    most = len(body.encode()[: max(room - len("…".encode()), 0)].decode(errors="ignore"))
    return clipped(body, most) if most else ""


def _plugin(url: str) -> Any:
    import apprise  # takes a second, and only companies that use it need it

    with _hushed():
        return apprise.Apprise.instantiate(url, suppress_exceptions=True)


@contextlib.contextmanager
def _hushed() -> Iterator[io.StringIO]:
    """Keep what Apprise logs from the log, and give its warnings."""
    said, loggers = io.StringIO(), [logging.getLogger(name) for name in TALKATIVE]
    before = [(logger.level, logger.propagate) for logger in loggers]
    handler = logging.StreamHandler(said)
    for logger in loggers:
        logger.setLevel(logging.WARNING)
        logger.propagate = False
    loggers[0].addHandler(handler)
    try:
        yield said
    finally:
        loggers[0].removeHandler(handler)
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.propagate = propagate


def _reason(said: str) -> str:
    """What Apprise said about a status or a connection; anything else it says may hold a part of the address."""
    for line in said.splitlines():
        if "error=" in line:
            return f"the receiver answered {line.rpartition('error=')[2].rstrip('.')}"
    return "the receiver could not be reached" if "onnection" in said else "Apprise could not send it"
