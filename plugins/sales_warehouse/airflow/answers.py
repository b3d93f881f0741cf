"""What a person can answer to an incident in Airflow's Required Actions, and what each answer becomes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

ACCEPT = "Accept playbook 采纳方案"
ASSIGN = "Assign 指派"
SNOOZE = "Snooze 暂缓"
REJECT = "Reject 驳回"
LEAVE_OPEN = "Leave open 保持打开"
DECISIONS = {ACCEPT: "accept_playbook", ASSIGN: "assign", SNOOZE: "snooze", REJECT: "resolve"}
OPTIONS = (*DECISIONS, LEAVE_OPEN)

A_WEEK = datetime.timedelta(days=7)
PATIENCE = datetime.timedelta(days=30)  # afterwards the incident is left open; the pages can still decide it


class Incomplete(ValueError):
    """An answer that lacks what it needs; the message says what."""


def form() -> dict[str, Param]:
    """Return the fields beside the options."""

    def text(title: str, description: str, **more: Any) -> Param:
        return Param(None, type=["null", "string"], title=title, description=description, **more)

    return {
        "playbook": text("Playbook 方案", "Its id, for Accept; empty: the first of the list. 采纳时填编号，空为首选。"),
        "owner": text(
            "Owner 负责人", "Who does it, for Accept and Assign; empty: you, for Assign. 负责人；指派时空为本人。"
        ),
        "until": text(
            "Until 截至",
            "Day, for Snooze (empty: a week) or as the due date. 暂缓至（空为一周），或到期日。",
            format="date",
        ),
        "note": text("Note 备注", "Why. It is kept with the answer. 原因，与答复一同保存。"),
    }


def decision_of(answer: Mapping[str, Any], playbooks: list[str], business_date: datetime.date) -> dict[str, Any] | None:
    """Return the decision in an answer as arguments of `watch.incidents.decide`, None for one that decides nothing.

    `answer` is what the operator gives: chosen_options, params_input, responded_by_user, responded_at. Raises
    Incomplete.
    """
    (option,) = answer["chosen_options"]
    if option == LEAVE_OPEN:
        return None
    given = {name: value for name, value in (answer["params_input"] or {}).items() if value}
    said: dict[str, Any] = {
        "decision": DECISIONS[option],
        "by": _who(answer),
        "note": given.get("note", ""),
        "at": _when(answer),
    }
    if option == SNOOZE:
        said["until"] = _day(given) or business_date + A_WEEK
    elif option == ASSIGN:
        said["owner"] = given.get("owner") or said["by"]
    elif option == ACCEPT:
        said["playbook_id"] = given.get("playbook") or next(iter(playbooks), None)
        if said["playbook_id"] is None:
            raise Incomplete("no playbook fits this incident: clear `ask`, and name one in the field Playbook")
        said["owner"] = given.get("owner")
        said["due_date"] = _day(given)
    return said


def _who(answer: Mapping[str, Any]) -> str:
    user = answer["responded_by_user"]
    return user["name"] if user else ""


def _when(answer: Mapping[str, Any]) -> datetime.datetime:
    """The moment of the answer, UTC; a task that is tried again records the same one."""
    told = answer["responded_at"]
    moment = datetime.datetime.fromisoformat(told) if isinstance(told, str) else told
    return moment.astimezone(datetime.UTC).replace(tzinfo=None)


def _day(given: Mapping[str, str]) -> datetime.date | None:
    if "until" not in given:
        return None
    try:
        return datetime.date.fromisoformat(given["until"][:10])
    except ValueError:
        raise Incomplete(f"{given['until']!r} is no day such as 2026-07-31: clear `ask` and answer again") from None
