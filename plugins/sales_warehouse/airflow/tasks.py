"""What the tasks do: call a step, and tell Airflow what came of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import TaskInstanceState, get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from sales_warehouse import settings
from sales_warehouse.airflow.moment import Moment, asked_night, is_backfill, moment_of

if TYPE_CHECKING:
    from sales_warehouse.run import Run


MOST_NAMES = 100  # of runs in one request, whose address has them


class SourceFailed(Exception):
    """A step of a source failed: its DAG ends red although the rest of the refresh goes on."""


def run_step(step: str, source: str | None = None) -> dict[str, Any]:
    """Call `sales_warehouse.steps.<step>` for the current DAG run and return its row counts and notes.

    Raises what the step raises, which Airflow tries again; an error that stays the same however often it is tried
    fails at once.
    """
    from sales_warehouse import steps  # DuckDB and Arrow stay out of DAG parsing

    context = get_current_context()
    moment = moment_of(context)
    subject = () if source is None else (source,)
    more = {"addresses": connection_addresses} if step == "watch" else {}
    try:
        report = getattr(steps, step)(_run(moment), *subject, **more)
    except _final_errors() as error:
        raise AirflowFailException(str(error)) from error
    _tell_outlets(context, {**moment.extra(), "rows": report.rows})
    return {"rows": report.rows, "notes": report.notes}


def past_night() -> bool:
    """Answer a backfill by running its night again, apart from what readers see; True lets an ordinary refresh go on.

    Raises AirflowFailException when the night does not give again what it gave.
    """
    context = get_current_context()
    if not is_backfill(context):
        return True
    from sales_warehouse import steps
    from sales_warehouse.company.load import load_for_a_night

    zone = load_for_a_night(settings.company_folder()).about.time_zone
    day, run_id = asked_night(context, zone)
    moment = replace(moment_of(context), business_date=day, run_id=run_id)
    try:
        report = steps.rerun(_run(moment))
    except _final_errors() as error:
        raise AirflowFailException(str(error)) from error
    print("\n".join(report.notes))
    return False


def correct() -> dict[str, Any]:
    """Take the sheet that the form names as corrections, if it names one.

    Raises AirflowFailException when there is no such file in the folder, or the sheet is refused.
    """
    from sales_warehouse import steps
    from sales_warehouse.sheet import SheetRefused

    context = get_current_context()
    run, name = _run(moment_of(context)), context["params"]["sheet"]
    if not name:
        return {"rows": {}, "notes": ["no sheet was named"]}
    file = run.home.sheets / name
    if not file.resolve().is_relative_to(run.home.sheets.resolve()) or not file.is_file():
        raise AirflowFailException(f"there is no sheet {name!r} in {run.home.sheets}; put it there, or give its name")
    try:
        who = getattr(context["dag_run"], "triggering_user_name", None) or ""
        report = steps.correct(run, file, by=who, why=context["params"]["why"] or "")
    except SheetRefused as error:
        raise AirflowFailException(str(error)) from error
    return {"rows": report.rows, "notes": report.notes}


def let_in() -> dict[str, Any]:
    """Map and judge anew every load of every source whose mapping, suite or corrections changed.

    A source that fails stops no other. Raises SourceFailed when one failed and nothing was let in that the marts lack.
    """
    run = _run(moment_of(get_current_context()))
    return _taken(run, run.company.sources, ("conform", "gate"))


def read_now() -> dict[str, Any]:
    """Read, map and judge what is new in every source with `micro_batch: true`; one that fails stops no other.

    Raises AirflowSkipException when the marts hold everything, so that they are left alone, and SourceFailed when they
    do and a source failed.
    """
    from sales_warehouse import steps

    run = _run(moment_of(get_current_context()))
    often = [name for name, source in run.company.sources.items() if source.micro_batch]
    done = _taken(run, often, ("extract", "conform", "gate"))
    if not steps.has_news(run):
        raise AirflowSkipException("nothing new in the sources with `micro_batch: true`")
    return done


def _taken(run: Run, sources: Iterable[str], wanted: Sequence[str]) -> dict[str, Any]:
    """Call some steps for some sources and return their rows and what failed.

    Each step runs whatever became of the one before, as in the DAG of the source: of a file that was refused, or a load
    that cannot be mapped, the others are let in. Raises SourceFailed when a source failed and the marts hold
    everything.
    """
    from sales_warehouse import steps

    rows: dict[str, int] = {}
    failed = []
    for name in sources:
        for step in wanted:
            try:
                rows = _added(rows, getattr(steps, step)(run, name).rows)
            except Exception as error:  # said at the end, when the others had their turn
                failed.append(f"{name}: {error}")
    if failed and not steps.has_news(run):
        raise SourceFailed("\n".join(failed))
    return {"rows": rows, "notes": failed}


def purge() -> dict[str, Any]:
    """Show what is old enough to go, and remove it where the form or the clock says so.

    Raises AirflowSkipException when nothing was removed, so that the marts are left alone, and AirflowFailException
    when there is nothing to decide with.
    """
    from rich.console import Console

    from sales_warehouse import steps
    from sales_warehouse.purge import NotPurgeable
    from sales_warehouse.purge_listing import show_done, show_plan

    context, console = get_current_context(), Console(width=160)
    run, remove = _run(moment_of(context)), bool(context["params"]["remove"])
    try:
        show_plan(run, console, is_dry=not remove)
        if not remove:
            raise AirflowSkipException("nothing has been removed: the form does not say `remove`")
        report = steps.purge(run)
    except NotPurgeable as error:
        raise AirflowFailException(str(error)) from error
    show_done(report, console)
    if not report.rows["texts"]:
        raise AirflowSkipException("nothing is old enough")
    return {"rows": report.rows, "notes": report.notes}


def undecided() -> list[dict[str, Any]]:
    """Return what starts a run of `respond` for each incident that waits for a person: its name and its conf.

    Raises AirflowSkipException when there is none.
    """
    from sales_warehouse.watch import required

    run = _run(moment_of(get_current_context()))
    questions = required.questions(run.home, run.company)
    if not questions:
        raise AirflowSkipException("no incident waits for a person")
    return [{"trigger_run_id": question.name, "conf": question.conf()} for question in questions]


def withdrawal(context: Mapping[str, Any]) -> str | None:
    """Return why nobody need answer the question of the run any more; None while somebody has to."""
    from sales_warehouse.watch import incidents, required

    run, asked = _run(moment_of(context)), context["dag_run"].conf or {}
    language = run.company.about.language
    try:
        return required.why_moot(run.home, asked["incident_key"], context["dag_run"].run_id, language)
    except incidents.NoSuchIncident:  # readers were sent back to a version that does not know it
        return None


def settled(dag_id: str, task_id: str) -> list[dict[str, Any]]:
    """Return the runs of a DAG to clear, in which this task asks what nobody need answer any more.

    Raises AirflowSkipException when there is none.
    """
    from sales_warehouse.airflow import answers
    from sales_warehouse.watch import required

    context = get_current_context()
    run = _run(moment_of(context))
    names = required.moot(run.home, answers.PATIENCE.days + 1)
    waiting = []
    for first in range(0, len(names), MOST_NAMES):
        asked = names[first : first + MOST_NAMES]
        states = context["ti"].get_task_states(dag_id=dag_id, task_ids=[task_id], run_ids=asked)
        waiting += [name for name in asked if states.get(name, {}).get(task_id) == TaskInstanceState.AWAITING_INPUT]
    if not waiting:
        raise AirflowSkipException("every question that waits is still to be answered")
    return [{"trigger_run_id": name} for name in waiting]


def record(answer: dict[str, Any]) -> dict[str, Any]:
    """Keep what a person answered about the incident of the run.

    Raises AirflowSkipException for an answer that decides nothing, or nothing any more, as the incident was closed
    elsewhere; AirflowFailException for one that cannot be kept.
    """
    from sales_warehouse.airflow.answers import Incomplete, decision_of
    from sales_warehouse.watch import incidents

    context = get_current_context()
    asked, run = context["dag_run"].conf or {}, _run(moment_of(context))
    try:
        day = incidents.business_date(run.home) or run.business_date
        said = decision_of(answer, asked["playbooks"], day)
        if said is None:
            raise AirflowSkipException("left open")
        if incidents.one(run.home, asked["incident_key"]).status in incidents.CLOSED:
            raise AirflowSkipException("the incident was closed before the answer came")
        decision = incidents.decide(run.home, asked["incident_key"], **said)
    except (Incomplete, incidents.DecisionRefused, incidents.NoSuchIncident) as error:
        raise AirflowFailException(str(error)) from error
    return {"decision": decision.decision_id, "kind": decision.kind, "by": decision.by}


def _added(rows: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: rows.get(name, 0) + more.get(name, 0) for name in {*rows, *more}}


def connection_addresses(connection_id: str) -> list[str]:
    """Return the Apprise addresses of an Airflow connection; from the environment when there is no such connection.

    Raises what keeps a store of connections from answering: the addresses of the environment may be other people's.
    """
    from sales_warehouse.airflow.connections import connection
    from sales_warehouse.watch.carriers import apprise_urls, urls_of_connection

    found = connection(connection_id)
    return apprise_urls(os.environ) if found is None else urls_of_connection(found.extra_dejson)


def hand_over(source: str) -> dict[str, Any]:
    """Emit `accepted/<source>` whatever happened, so that the others need not wait; its event says how it went."""
    context = get_current_context()
    failed = failed_steps(context)
    report = context["ti"].xcom_pull(task_ids="gate") or {}
    outcome = {
        "source": source,
        "status": "failed" if failed else "ok",
        "failed_steps": failed,
        "rows": report.get("rows", {}),
    }
    _tell_outlets(context, {**moment_of(context).extra(), **outcome})
    return outcome


def verdict(source: str) -> None:
    """End the DAG run red when a step of the source failed. Raises SourceFailed with what to do."""
    failed = failed_steps(get_current_context())
    if failed:
        raise SourceFailed(
            f"{source}: {', '.join(failed)} failed. The other sources and the marts are refreshed without it, and "
            f"the marts say how old {source} is. Read the log of the first failed step, mend the cause, then clear "
            "this DAG run: every step takes up where it stopped."
        )


def failed_steps(context: Mapping[str, Any]) -> list[str]:
    """Return the tasks of the current DAG run that failed, in alphabetical order."""
    ti = context["ti"]
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
    broken = {TaskInstanceState.FAILED, TaskInstanceState.UPSTREAM_FAILED}
    return sorted(task for task, state in states.items() if state in broken)


def _final_errors() -> tuple[type[Exception], ...]:
    """Return what somebody has to mend first: input that was refused, mistakes in the configuration."""
    from sales_warehouse.company.load import CompanyError
    from sales_warehouse.conformed import MappingError
    from sales_warehouse.extract.outcome import SourceMisconfigured
    from sales_warehouse.gate import GateError
    from sales_warehouse.guard.errors import GuardError
    from sales_warehouse.identity.contact_hash import ContactKeyError
    from sales_warehouse.nights import NoSuchNight
    from sales_warehouse.nights.store import Damaged
    from sales_warehouse.run import FutureDate
    from sales_warehouse.steps import AuditFailed, NotEqual, RefusedInput

    return (
        AuditFailed, CompanyError, ContactKeyError, Damaged, FutureDate, GateError, GuardError, MappingError,
        NoSuchNight, NotEqual, RefusedInput, SourceMisconfigured,
    )  # fmt: skip


def _run(moment: Moment) -> Run:
    from sales_warehouse.run import make_run

    return make_run(
        settings.company_folder(),
        as_of=moment.as_of,
        business_date=moment.business_date,
        run_id=moment.run_id,
        full_refresh=moment.full_refresh,
    )


def _tell_outlets(context: Mapping[str, Any], extra: dict[str, Any]) -> None:
    for asset in context["task"].outlets:
        context["outlet_events"][asset].extra = extra
