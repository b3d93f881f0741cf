"""How the pages of our own are made: templates, words in two languages, guarded answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from sales_warehouse.airflow.pages import quarantine, safety
from sales_warehouse.airflow.pages.place import Manner
from sales_warehouse.airflow.progress import counts
from sales_warehouse.customer.listing import moment, money, when
from sales_warehouse.customer.words import cut, shown
from sales_warehouse.watch.story import number

TEMPLATES = Environment(
    loader=PackageLoader("sales_warehouse.airflow.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
TEMPLATES.filters |= {
    "counts": counts,
    "of_reason": quarantine.of_reason,
    "query": quarantine.query,
    "money": money,
    "moment": moment,
    "when": when,
    "figure": number,
}
TEMPLATES.globals |= {"shown": shown, "cut": cut}


def page(template: str, **values: Any) -> Response:
    """Return a page of our own."""
    return safety.guarded(HTMLResponse(TEMPLATES.get_template(template).render(**values)), safety.PLAIN)


def missing(title: str, message: str) -> Response:
    """Return the page that says why there is nothing to show."""
    return page("missing.html.j2", title=title, message=message)


def said(manner: Manner, address: str, words: Mapping[str, str], **asked: str) -> dict[str, Any]:
    """Return what every bilingual page needs: its words, and its own address in the other language."""
    other = "en" if manner.language == "zh" else "zh"
    there = address + urlencode({**asked, "lang": other})
    return {"say": words, "lang": manner.language, "zone": manner.zone, "other": there}
