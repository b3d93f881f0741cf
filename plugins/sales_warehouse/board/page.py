"""Puts bundle and data into the one file: template, content security policy, escaping."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).parent
_CLOSES = re.compile(r"</(?=script|style)", re.IGNORECASE)


def escape_closing(code: str) -> str:
    """Code that cannot end the element it stands in: `</script` within a string means the same as `<\\/script`."""
    return _CLOSES.sub(r"<\\/", code).replace("<!--", r"<\!--")


def policy(script: str) -> str:
    """A policy that lets this one script run and nothing be fetched.

    Styles stay `unsafe-inline`: charts set them on elements; without any outside origin allowed they can reach nothing.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def render(*, title: str, language: str, styles: str, script: str, data: str) -> str:
    """The whole page. `data` is base64 text, `script` and `styles` come from the bundle."""
    # Jinja keeps one newline form; the hash must be of exactly what the browser sees.
    script = escape_closing(script).replace("\r\n", "\n").strip()
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("board.html.j2").render(
        title=title,
        language=language,
        policy=policy(script),
        styles=Markup(escape_closing(styles)),  # noqa: S704 - built by us from src/board.css
        script=Markup(script),  # noqa: S704 - built by us from src/, closing tags escaped above
        data=data,
    )
