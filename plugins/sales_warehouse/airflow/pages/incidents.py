"""The pages on incidents: what stands, one of them with its story, what is being done, and what people decide."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import APIRouter, Depends, Form, HTTPException, Query, status
from fastapi.responses import Response

from sales_warehouse.airflow.pages import place, safety
from sales_warehouse.airflow.pages.rendering import page, said
from sales_warehouse.bilingual import Refused
from sales_warehouse.watch import incidents as known
from sales_warehouse.watch.decisions import Kind
from sales_warehouse.watch.left_out import read_left_out
from sales_warehouse.watch.page_words import words
from sales_warehouse.watch.story import actions as every_action
from sales_warehouse.watch.story import story, trials
from sales_warehouse.watch.wording import wording

router = APIRouter()

# Who may answer an incident in Required Actions may decide about it here.
MayDecide = Depends(requires_access_dag("POST", DagAccessEntity.RUN, param_dag_id="respond"))

SHOWN: dict[str, tuple[str, ...] | None] = {
    "standing": None,
    "closed": tuple(sorted(known.CLOSED)),
    "all": ("open", "acknowledged", "snoozed", *sorted(known.CLOSED)),
}
MOST_SHOWN = 200
Key = Annotated[str, Query(min_length=1, max_length=1000)]


@router.get("/incidents")
def incidents(which: Literal["standing", "closed", "all"] = "standing", lang: str | None = None) -> Response:
    """Show the incidents that stand, the most severe first, or those that are over."""
    manner = place.manner(lang)
    found = known.incidents(place.home(), statuses=SHOWN[which])
    severities = [str(incident.row["severity"]) for incident in found]
    counts = {severity: severities.count(severity) for severity in ("critical", "warning", "info")}
    shown: dict[str, Any] = {"found": found[:MOST_SHOWN], "total": len(found), "counts": counts, "kinds": list(SHOWN)}
    return page(
        "incidents.html.j2", which=which, **shown, **said(manner, "incidents?", words(manner.language), which=which)
    )


@router.get("/incident")
def incident(key: Key, lang: str | None = None) -> Response:
    """Show one incident: its figure, causes, events, playbooks, actions and history."""
    manner = place.manner(lang)
    try:
        found = story(place.home(), key)
    except known.NoSuchIncident as error:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such incident.") from error
    about = {"told": found, "event_name": wording(manner.language).event}
    return page("incident.html.j2", **about, **said(manner, "incident?", words(manner.language), key=key))


@router.get("/actions")
def actions(lang: str | None = None) -> Response:
    """Show what is to be done about incidents, what is late, and what it brought."""
    manner = place.manner(lang)
    return page("actions.html.j2", found=every_action(place.home()), **said(manner, "actions?", words(manner.language)))


@router.get("/alert-rules")
def alert_rules(lang: str | None = None) -> Response:
    """Show what each rule of alerts.yml would have opened in its history, and first those that a mistake keeps out."""
    manner, home = place.manner(lang), place.home()
    about = {"found": trials(home), "left_out": read_left_out(home)}
    return page("alert_rules.html.j2", **about, **said(manner, "alert-rules?", words(manner.language)))


@router.post("/incident", dependencies=[MayDecide, Depends(safety.of_same_origin)])
def decide(
    key: Key,
    decision: Annotated[Kind, Form()],
    user: Annotated[BaseUser, Depends(get_user)],
    note: Annotated[str, Form(max_length=2000)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
    owner: Annotated[str, Form(max_length=200)] = "",
    playbook: Annotated[str, Form(max_length=200)] = "",
    lang: str | None = None,
) -> Response:
    """Keep what a person decides about an incident; `until` ends a snooze, or is the due date of an action."""
    manner = place.manner(lang)
    about = said(manner, "incident?", words(manner.language), key=key)
    try:
        day = _day(until)
        known.decide(
            place.home(), key, decision,
            by=user.get_name(), note=note, owner=owner or None, playbook_id=playbook or None,
            until=day if decision == "snooze" else None, due_date=day if decision == "accept_playbook" else None,
        )  # fmt: skip
    except Refused as error:
        return page("incident_decided.html.j2", key=key, refused=error.text(manner.language), **about)
    return page("incident_decided.html.j2", key=key, refused=None, **about)


def _day(given: str) -> datetime.date | None:
    if not given:
        return None
    try:
        return datetime.date.fromisoformat(given)
    except ValueError:
        raise known.DecisionRefused(
            f"{given!r} is no day; write one as 2026-04-30", f"{given!r} 不是日期，请写成 2026-04-30 的形式"
        ) from None
