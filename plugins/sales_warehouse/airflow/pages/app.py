"""The pages as one FastAPI app inside Airflow's API server. Nobody sees any of them without a login."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, FastAPI, Form, HTTPException, Query, UploadFile, status
from fastapi.responses import FileResponse, Response

from sales_warehouse import settings, sheet
from sales_warehouse.airflow.pages import incidents, place, safety
from sales_warehouse.airflow.pages import quarantine as quarantined
from sales_warehouse.airflow.pages import refreshes as runs
from sales_warehouse.airflow.pages.rendering import missing, page, said
from sales_warehouse.airflow.pages.words import words as words_of_rows
from sales_warehouse.company.load import load_for_a_night
from sales_warehouse.customer import NothingPublished, find, opened, read_account
from sales_warehouse.customer.chart import chart
from sales_warehouse.customer.search import MOST_FOUND
from sales_warehouse.customer.words import words
from sales_warehouse.identity import decisions
from sales_warehouse.identity import listing as who_is_who
from sales_warehouse.identity.records import CONTACTS, CUSTOMERS
from sales_warehouse.identity.words import words as words_of_identity
from sales_warehouse.quarantine import Filter

# Rows are as people wrote them, names and phone numbers included: they are for those who may let them in again.
MayReplay = Depends(
    requires_access_dag("POST", DagAccessEntity.RUN, param_dag_id="replay"),
)
LARGEST_SHEET = 64 << 20
PAIRS_SHOWN = 100
DECIDED = (CUSTOMERS, CONTACTS)

# No schema and no docs: Airflow's checks do not cover them. The dependency covers every route; mounts would not be.
app = FastAPI(dependencies=[Depends(get_user)], docs_url=None, redoc_url=None, openapi_url=None)
app.include_router(incidents.router)
app.add_exception_handler(status.HTTP_401_UNAUTHORIZED, safety.to_the_login)


@app.get("/board")
def board() -> Response:
    """Show the board of the version that readers see."""
    file = place.home().current / "board.html"
    if not file.is_file():
        return missing("Sales board", "Nothing has been published yet. The board comes with the first refresh.")
    return safety.page_file(file, safety.SELF_CONTAINED)


@app.get("/data-docs/{path:path}")
def data_docs(path: str) -> Response:
    """Show the validation results, a static site."""
    folder = place.home().data_docs
    if path in ("", "index.html") and not (folder / "index.html").is_file():
        return missing("Data Docs", "Nothing has been validated yet. The results come with the first refresh.")
    return safety.page_file(safety.file_below(folder, path or "index.html"), safety.SITE)


@app.get("/models")
def models() -> Response:
    """Show dbt's documentation with the graph of the models."""
    file = place.home().warehouse / "docs" / "static_index.html"
    if not file.is_file():
        return missing("Models", "The documentation of the models has not been built yet.")
    return safety.page_file(file, safety.MODELS)


@app.get("/quarantine")
def quarantine(lang: str | None = None) -> Response:
    """Show why rows are held back."""
    return page("quarantine.html.j2", found=quarantined.overview(place.home()), **_of_rows("quarantine?", lang))


@app.get("/quarantine-rows", dependencies=[MayReplay])
def quarantine_rows(
    wanted: Annotated[Filter, Depends()], number: Annotated[int, Query(ge=1)] = 1, lang: str | None = None
) -> Response:
    """Show rows that are held back, as they came."""
    found = quarantined.page(place.home(), wanted, number)
    shown = _of_rows(f"quarantine-rows?{quarantined.query(wanted, number)}&", lang)
    return page("quarantine_rows.html.j2", page=found, wanted=wanted, **shown)


@app.get("/quarantine-sheet", dependencies=[MayReplay])
def quarantine_sheet(source: str, table: str) -> Response:
    """Give the held rows of a table as a sheet to mend."""
    company = load_for_a_night(settings.company_folder())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sheet.csv"
        try:
            sheet.export(place.home(), company, source, table, file)
        except LookupError as error:
            raise HTTPException(status.HTTP_404_NOT_FOUND, str(error)) from error
        content = file.read_bytes()
    name = quote(f"{source}.{table}.csv")
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
    return safety.guarded(Response(content, media_type="text/csv; charset=utf-8", headers=headers), safety.PLAIN)


@app.post("/quarantine-sheet", dependencies=[MayReplay, Depends(safety.of_same_origin)])
def hand_back(
    sheet_file: UploadFile,
    why: Annotated[str, Form()],
    user: Annotated[BaseUser, Depends(get_user)],
    lang: str | None = None,
) -> Response:
    """Take a mended sheet as corrections."""
    content = sheet_file.file.read(LARGEST_SHEET + 1)
    if len(content) > LARGEST_SHEET:
        raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, f"more than {LARGEST_SHEET >> 20} MiB")
    company, now = load_for_a_night(settings.company_folder()), datetime.now(UTC).replace(tzinfo=None)
    try:
        taken = sheet.take(place.home(), company, content, by=user.get_name(), why=why, at=now)
    except sheet.SheetRefused as error:
        return page("handed_back.html.j2", taken=None, refused=str(error), **_of_rows("quarantine?", lang))
    return page("handed_back.html.j2", taken=taken, refused=None, **_of_rows("quarantine?", lang))


@app.get("/refreshes")
def refreshes(lang: str | None = None) -> Response:
    """Show the steps of the last refreshes."""
    return page("refreshes.html.j2", refreshes=runs.refreshes(place.home().runs), **_of_rows("refreshes?", lang))


@app.get("/customers")
def customers(who: str = "", lang: str | None = None) -> Response:
    """Find a customer; of its people the pages show no more than the marts do: name, job, role."""
    manner = place.manner(lang)
    try:
        with opened(place.home()) as published:
            found = find(published, who)
    except NothingPublished as error:
        return missing("Customers", f"{error}")
    shown = said(manner, "customers?", words(manner.language), who=who)
    return page("customers.html.j2", who=who, found=found, most=MOST_FOUND, **shown)


@app.get("/customer")
def customer(
    key: str,
    kind: Annotated[str | None, Query(alias="type")] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    lang: str | None = None,
) -> Response:
    """Show one customer: who it is, its people, its purchases by month and a part of its timeline."""
    manner = place.manner(lang)
    try:
        with opened(place.home()) as published:
            account = read_account(published, key, event_type=kind, offset=offset)
    except NothingPublished as error:
        return missing("Customers", f"{error}")
    if account is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such customer.")
    shown = said(manner, "customer?", words(manner.language), key=key)
    return page("customer.html.j2", account=account, kind=kind, drawing=chart(account.months), **shown)


@app.get("/identity")
def identity(lang: str | None = None) -> Response:
    """Show which pairs of customer records wait for a person, and what people decided."""
    manner = place.manner(lang)
    try:
        found = who_is_who.waiting(place.home(), PAIRS_SHOWN)
        people = who_is_who.contacts_waiting(place.home(), PAIRS_SHOWN)
    except who_is_who.NothingIdentified as error:
        return missing("Who is who", f"{error}")
    decided = {entity.one: who_is_who.told(place.home(), entity.one) for entity in DECIDED}
    return page("identity.html.j2", found=found, people=people, decided=decided, **_of_identity(manner))


@app.post("/identity", dependencies=[MayReplay, Depends(safety.of_same_origin)])
def decide(
    kind: Annotated[Literal["merge", "split", "apart", "undo"], Form()],
    about: Annotated[Literal["customer", "contact"], Form()],
    names: Annotated[str, Form(max_length=10_000)],
    why: Annotated[str, Form(max_length=500)],
    user: Annotated[BaseUser, Depends(get_user)],
    lang: str | None = None,
) -> Response:
    """Keep what a person decides about customers or contacts; `names` has a record, a code or a decision a line."""
    listed = [name.strip() for name in names.splitlines() if name.strip()]
    entity = next(entity for entity in DECIDED if entity.one == about)
    given: dict[str, Any] = {
        "by": user.get_name(),
        "why": why,
        "at": datetime.now(UTC).replace(tzinfo=None),
        "entity": entity,
    }
    manner = place.manner(lang)
    try:
        if kind == "undo":
            decision = decisions.undo(place.home(), " ".join(listed), **given)
        else:
            make = {"merge": decisions.merge, "split": decisions.split, "apart": decisions.keep_apart}[kind]
            decision = make(place.home(), listed, **given)
    except decisions.DecisionRefused as error:
        refused = error.text(manner.language)
        return page("decided.html.j2", decision=None, refused=refused, **_of_identity(manner))
    return page("decided.html.j2", decision=decision, refused=None, **_of_identity(manner))


@app.get("/style.css")
def style() -> Response:
    """Give the style of the pages of our own."""
    return safety.guarded(FileResponse(Path(__file__).parent / "templates" / "style.css"), safety.PLAIN)


def _of_rows(address: str, lang: str | None) -> dict[str, Any]:
    manner = place.manner(lang)
    return said(manner, address, words_of_rows(manner.language))


def _of_identity(manner: place.Manner) -> dict[str, Any]:
    return said(manner, "identity?", words_of_identity(manner.language))
