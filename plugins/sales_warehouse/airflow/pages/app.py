"""The pages as one FastAPI app inside Airflow's API server. Nobody sees any of them without a login."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from sales_warehouse.airflow.pages import place, safety
from sales_warehouse.airflow.pages import quarantine as quarantined
from sales_warehouse.airflow.pages import refreshes as runs
from sales_warehouse.airflow.progress import counts

TEMPLATES = Environment(
    loader=PackageLoader("sales_warehouse.airflow.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
TEMPLATES.filters["counts"] = counts

# No schema and no docs: Airflow's checks do not cover them. The dependency covers every route; mounts would not be.
app = FastAPI(dependencies=[Depends(get_user)], docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/board")
def board() -> Response:
    """Show the board of the version that readers see."""
    file = place.home().current / "board.html"
    if not file.is_file():
        return _missing("Sales board", "Nothing has been published yet. The board comes with the first refresh.")
    return safety.page_file(file, safety.SELF_CONTAINED)


@app.get("/data-docs/{path:path}")
def data_docs(path: str) -> Response:
    """Show the validation results, a static site."""
    folder = place.home().data_docs
    if path in ("", "index.html") and not (folder / "index.html").is_file():
        return _missing("Data Docs", "Nothing has been validated yet. The results come with the first refresh.")
    return safety.page_file(safety.file_below(folder, path or "index.html"), safety.SITE)


@app.get("/models")
def models() -> Response:
    """Show dbt's documentation with the graph of the models."""
    file = place.home().warehouse / "docs" / "static_index.html"
    if not file.is_file():
        return _missing("Models", "The documentation of the models has not been built yet.")
    return safety.page_file(file, safety.MODELS)


@app.get("/quarantine")
def quarantine() -> Response:
    """Show why rows were kept back."""
    home = place.home()
    version = home.current.resolve()
    if not (version / "warehouse.duckdb").is_file():
        return _missing("Quarantine", "Nothing has been published yet.")
    found = quarantined.reasons(version, home.tmp)
    return _page("quarantine.html.j2", reasons=found, totals=quarantined.totals(found), version=version.name)


@app.get("/refreshes")
def refreshes() -> Response:
    """Show the steps of the last refreshes."""
    return _page("refreshes.html.j2", refreshes=runs.refreshes(place.home().runs))


@app.get("/style.css")
def style() -> Response:
    """Give the style of the pages of our own."""
    return safety.guarded(FileResponse(Path(__file__).parent / "templates" / "style.css"), safety.PLAIN)


def _missing(title: str, message: str) -> Response:
    return _page("missing.html.j2", title=title, message=message)


def _page(template: str, **values: Any) -> Response:
    return safety.guarded(HTMLResponse(TEMPLATES.get_template(template).render(**values)), safety.PLAIN)
