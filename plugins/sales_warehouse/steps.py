"""The steps of a refresh, in their order; DAG tasks and the command line call the same functions.

Every step may be killed and run again: it takes up what is there and does what is missing.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

from sales_warehouse import (
    conformed,
    corrections,
    durable,
    failpoint,
    landing,
    ledger,
    nights,
    purge_landing,
    settings,
)
from sales_warehouse import gate as gates
from sales_warehouse import purge as purging
from sales_warehouse.collector.prune import prune
from sales_warehouse.company.models import Source
from sales_warehouse.conformed import MappingError
from sales_warehouse.gate import Gated, GateError
from sales_warehouse.guard.validate import RuleResult
from sales_warehouse.identity import identify as give_codes
from sales_warehouse.identity.kept import decided
from sales_warehouse.ledger import Applied
from sales_warehouse.nights import retention
from sales_warehouse.nights.rerun import without_remains
from sales_warehouse.run import Run, make_run
from sales_warehouse.runlog import StepReport, recorded
from sales_warehouse.settings_tables import need_patterns, payment_sources, write_settings
from sales_warehouse.watch import decisions as incident_decisions

__all__ = [
    "audit",
    "conform",
    "correct",
    "extract",
    "gate",
    "has_news",
    "identify",
    "make_run",
    "publish",
    "publish_postgres",
    "purge",
    "rerun",
    "transform",
    "watch",
]

WAIT_SECONDS = float(os.environ.get("SALES_WAREHOUSE_LOCK_SECONDS", "1800"))


AUDITED = "audited.json"


class RefusedInput(Exception):
    """A source gave something that was not taken; the rest of it was."""


class AuditFailed(Exception):
    """The marts broke a rule, so they are not published; readers stay on the last version."""


class NotEqual(Exception):
    """A past night does not give again what it gave, though nothing that it was made from has changed."""


def extract(run: Run, source: str) -> StepReport:
    """Land what is new in a source. Raises RefusedInput after landing the rest when something was refused."""
    with recorded(run.folder, "extract", source) as (log, report), _source_lock(run, source):
        landed = landing.land(
            run.home,
            run.company.sources[source],
            company_folder=run.company_folder,
            extracted_at=run.as_of,
            latest_moment=run.source_clock,
            environment=run.environment,
            on_progress=log.progress,
            time_zone=run.company.about.time_zone,
        )
        _prune_spool(run, source)
        report.rows = {"landed": landed.load.rows if landed.load else 0, "refused_files": len(landed.refused)}
        report.notes = landed.notes
        if landed.refused:
            listed = "\n".join(f"  {item['origin']}: {item['reason']}" for item in landed.refused)
            raise RefusedInput(f"{source}: {len(landed.refused)} refused, the rest was taken:\n{listed}")
    return report


def _prune_spool(run: Run, source: str) -> None:
    days = run.company.webhooks.keep_days
    if days:
        before = run.as_of - datetime.timedelta(days=days)
        sources = run.company.sources
        prune(run.home.spool, sources[source], sources.values(), partial(landing.loads, run.home), before)


def conform(run: Run, source: str) -> StepReport:
    """Map every load that the gate has not passed as it stands today."""
    with recorded(run.folder, "conform", source) as (log, report), _source_lock(run, source):
        described = run.company.sources[source]
        durable.sweep(run.home.conformed / source)
        report.notes += corrections.broken(run.home)
        errors: list[str] = []
        for load in _waiting(run, described):
            if _is_conformed(run, described, load):
                continue
            try:  # a load that cannot be mapped must not hold up the ones after it
                batches = conformed.conform_load(run.home, run.company, described, load, log.progress)
            except MappingError as error:
                errors.append(str(error))
                continue
            report.rows["conformed"] = report.rows.get("conformed", 0) + sum(b.conformed for b in batches)
        if errors:
            raise MappingError("\n".join(errors))
    return report


def gate(run: Run, source: str) -> StepReport:
    """Judge every conformed batch; good rows are accepted, bad ones kept in quarantine with their reasons."""
    with recorded(run.folder, "gate", source) as (log, report), _source_lock(run, source):
        described = run.company.sources[source]
        gates.ensure_schemas(run.home)
        report.rows = {"accepted": 0, "quarantined": 0}
        errors: list[str] = []
        for load in _waiting(run, described):
            if not _is_conformed(run, described, load):
                report.notes.append(f"load {load.load_id} waits: it could not be mapped")
                continue
            try:
                outcomes, validations = gates.gate_load(
                    run.home, run.company, described, load, log.progress, at=run.as_of
                )
            except GateError as error:
                errors.append(str(error))
                continue
            for number, validation in enumerate(validations):
                name = f"{source}.{load.load_id}.{number}.{validation.suite.replace('/', '.')}.json"
                validation.save(run.folder / "validations" / name)
            report.rows["accepted"] += sum(item.accepted for item in outcomes)
            report.rows["quarantined"] += sum(item.quarantined for item in outcomes)
        if errors:
            raise GateError("\n".join(errors))
    return report


def correct(run: Run, sheet_file: Path, *, by: str, why: str) -> StepReport:
    """Take a mended sheet of rows in quarantine as corrections. Raises SheetRefused when nothing of it can be taken."""
    from sales_warehouse import sheet

    with recorded(run.folder, "correct") as (_, report):
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        taken = sheet.take(run.home, run.company, sheet_file.read_bytes(), by=by, why=why, at=now)
        report.rows = {"cells": taken.cells, "rows": taken.rows}
        report.notes = [] if taken.file else ["nothing new in it"]
    return report


def identify(run: Run) -> StepReport:
    """Give every customer and contact record its code."""
    with recorded(run.folder, "identify") as (_, report), _warehouse_lock(run), _accepted_lock(run):
        gates.ensure_schemas(run.home)
        found = give_codes(run.home, run.company.identity, ledger.read_applied(run.home).batch + 1, run.as_of)
        report.rows = dict(found.__dict__)
    return report


def transform(run: Run) -> StepReport:
    """Bring the working warehouse up to date with dbt: what changed, or everything when code or settings changed."""
    from sales_warehouse.transform import document
    from sales_warehouse.transform import transform as run_dbt

    with recorded(run.folder, "transform") as (log, report), _warehouse_lock(run), _accepted_lock(run):
        remains = _clear_remains(run)
        (run.home.warehouse / AUDITED).unlink(missing_ok=True)
        nights.settle(run.home)  # of a publish that was killed
        plan = _plan(run)
        deciders = _deciders(run)  # before they are read: a purge waits for who decides meanwhile
        give_codes(
            run.home, run.company.identity, plan.before.batch + 1, run.as_of
        )  # a load may have passed the gate since identify ran
        report.rows = {"loads_pending": len(plan.pending)}
        report.notes = [plan.why, *remains]
        if plan.full:  # forget what was applied first, so that a killed full build starts again from nothing
            ledger.write_applied(run.home, Applied(plan.before.batch, "", {}))
            run.home.warehouse_file.unlink(missing_ok=True)
        else:  # of a killed build nobody knows which tiers are in it, nor which tables have the loads
            begun = plan.before.begun | {load: plan.loads[load] for load in plan.pending}
            ledger.write_applied(run.home, replace(plan.before, deciders="", begun=begun))
        nights.begin(run.home)
        failpoint.reach("transform.before_dbt")
        done = run_dbt(
            run.home, variables=plan.variables, full_refresh=plan.full, on_progress=_node_progress(log.progress)
        )
        failpoint.reach("transform.after_dbt")
        nights.keep(run.home, variables=plan.variables, rules=plan.rules, batch=plan.before.batch + 1)
        ledger.write_applied(run.home, Applied(plan.before.batch + 1, plan.code, plan.loads, deciders))
        report.rows |= {"models": done.models, "tests": done.tests}
        if plan.full and not document(run.home):
            report.notes.append("the page of models could not be made; the marts are not affected")
    return report


def audit(run: Run) -> StepReport:
    """Judge the marts by their suites; raises AuditFailed, and nothing is published, when a critical rule fails."""
    from sales_warehouse.guard.data_docs import build
    from sales_warehouse.guard.suites import load_suite
    from sales_warehouse.guard.validate import Validation, opened

    with recorded(run.folder, "audit") as (log, report), _warehouse_lock(run):
        _demand_marts_of(run)
        folder, warehouse, temp = settings.PROJECT / "expectations", run.home.warehouse_file, run.home.tmp
        failed = []
        with opened(warehouse, schema="marts", temp=temp) as marts:
            for file in sorted((folder / "marts").glob("*.yml")):
                log.progress(file.stem)
                suite = load_suite(folder, f"marts/{file.stem}", {"business_date": f"{run.business_date}"})
                found = marts.judge(file.stem, suite, row_id=None)
                found.save(run.folder / "validations" / f"marts.{file.stem}.json")
                failed += [f"{file.stem}: {r.reason_en} ({_measure(r)})" for r in found.failed("critical")]
                report.rows["rules"] = report.rows.get("rules", 0) + len(found.results)
        saved = sorted((run.folder / "validations").glob("*.json"))
        language = run.company.about.language
        build(map(Validation.load, saved), run.home.data_docs, title=run.run_id, at=run.as_of, language=language)
        if failed:
            listed = "\n".join(f"  {item}" for item in failed)
            raise AuditFailed(f"{len(failed)} rules of the marts failed; readers stay on the last version:\n{listed}")
        durable.write_json(run.home.warehouse / AUDITED, _state_of_marts(run))
    return report


def publish(run: Run) -> StepReport:
    """Publish the marts as a new version, with the board; readers see it all at once."""
    from sales_warehouse.board.build import build_board
    from sales_warehouse.board.bundle import ensure_bundle
    from sales_warehouse.publish.versions import publish as publish_version

    with recorded(run.folder, "publish") as (log, report), _warehouse_lock(run):
        if not _is_audited(run):
            raise AuditFailed("the marts have not passed the audit as they are now; run transform and audit first")
        _demand_marts_of(run)
        bundle = ensure_bundle(settings.state_folder())

        def board(folder: Path) -> None:
            log.progress("board")
            build_board(folder / "warehouse.duckdb", folder / "board.html", bundle=bundle, settings=run.home.settings)

        done = publish_version(
            run.home,
            run_id=run.run_id,
            business_date=run.business_date,
            as_of=run.as_of,
            extras=board,
            keep=run.company.about.keep_versions,
        )
        nights.settle(run.home, has_just_published=True)
        retention.expire(run.home, run.company.about.keep_nights, run.today)
        report.rows = {"tables": len(done.tables), "rows": sum(done.tables.values())}
        report.notes = [f"version {done.version}"]
    return report


def publish_postgres(run: Run) -> StepReport:
    """Publish the current version to PostgreSQL when an address is configured.

    A step of its own: when the server is down, the files, the board and the alerts are out all the same.
    """
    from sales_warehouse.publish import current_folder
    from sales_warehouse.publish.postgres import configured_url, publish_to_postgres

    with recorded(run.folder, "publish_postgres") as (_, report), _warehouse_lock(run):
        url, folder = configured_url(os.environ), current_folder(run.home)
        if url and folder:
            done = publish_to_postgres(folder, url, temp=run.home.tmp)
            report.rows, report.notes = {"tables": len(done.tables)}, list(done.notes)
        elif not url:
            report.notes = ["no PostgreSQL is configured (SALES_WAREHOUSE_POSTGRES_URL)"]
    return report


def watch(run: Run, *, addresses: Callable[[str], Sequence[str]] | None = None) -> StepReport:
    """Send what the alert marts say and nobody was told yet. A carrier that is down never stops the refresh.

    `addresses` gives the Apprise addresses that a connection holds.
    """
    from sales_warehouse.playbook_warnings import unseen
    from sales_warehouse.watch.telling import send_alerts
    from sales_warehouse.weekly import NoPack, pack_of

    with recorded(run.folder, "watch") as (_, report), _warehouse_lock(run):
        done = send_alerts(run, addresses=addresses)
        report.rows = {"new": done.new, "sent": done.sent, "pending": done.pending}
        report.notes = [str(failure) for failure in done.failures]
        report.notes += [*run.company.left_out, *unseen(run.company, run.home)]
        try:
            pack_of(run.home)  # the first refresh after a week keeps what its review talks about
        except NoPack as error:
            report.notes.append(f"no weekly review was kept: {error}")
    return report


def purge(run: Run) -> StepReport:
    """Remove old texts of conversations as lifecycle.yml says; the next refresh builds the warehouse without them.

    Raises NotPurgeable when the marts do not know of everything yet: a customer may be in another tier by now; and Busy
    while a past night is run again, which reads texts.
    """
    with (
        recorded(run.folder, "purge") as (_, report),
        _warehouse_lock(run),
        _accepted_lock(run),
        without_remains(run.home),
    ):
        if has_news(run):
            raise purging.NotPurgeable("loads have come that the marts do not hold yet; run a refresh first")
        if not _is_audited(run):
            raise purging.NotPurgeable("the marts have not passed the audit as they are now; run a refresh first")
        if _deciders(run) != ledger.read_applied(run.home).deciders:
            raise purging.NotPurgeable(
                "the marts were made with other tiers, settings or decisions about customers than there are now, or by "
                "another version of this program; run a refresh first"
            )
        night = replace(run, as_of=purging.marts_moment(run.home))
        if waiting := [load for source in run.company.sources.values() for load in _waiting(night, source)]:
            raise purging.NotPurgeable(
                f"{len(waiting):,} loads have not passed the gate as it stands today, the first {waiting[0].load_id}: "
                "they may move a customer to the first tier; run a refresh first, and mend what it says of them"
            )
        if (made_for := purging.marts_date(run.home)) < run.business_date:
            raise purging.NotPurgeable(
                f"the marts are of business date {made_for}, and {run.business_date} is over: a customer may have come "
                "to the first tier since; run a refresh first"
            )
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)  # a list is never written over another
        done = purging.purge(run.home, run.company, now)
        landed = purge_landing.apply(run.home, run.company)
        if done.texts:  # the tables hold them too
            run.home.warehouse_file.unlink()
        report.rows = {"texts": done.texts, "accepted_rows": done.rows, "landed_rows": landed.rows}
        report.notes = [f"listed in {done.file}"] if done.file else ["nothing is old enough"]
        report.notes += [f"left for the next refresh: {what}" for what in landed.left]
    return report


def rerun(run: Run) -> StepReport:
    """Run the night of a past business date again, apart from everything in use, and compare it with what it gave.

    Raises NotEqual when equal was promised and it is not.
    """
    from sales_warehouse.nights import asking, listing

    with recorded(run.folder, "rerun", f"{run.business_date}") as (log, report):
        [found] = asking.ask(run.home, run.company, [run.business_date], say=lambda _, what: log.progress(what))
        report.rows = {"marts": found.marts, "rows": found.rows, "different": len(found.differences)}
        report.notes = list(listing.lines(found))
        if found.is_promised and not found.is_equal:
            raise NotEqual("\n".join(report.notes))
    return report


def has_news(run: Run) -> bool:
    """Tell whether loads have passed the gate that the marts do not hold yet, or hold as they were judged before.

    So do marts that a transform had begun to write when it ended too soon.
    """
    applied, items = ledger.read_applied(run.home), list(ledger.gated(run.home, run.company.sources))
    return bool(applied.begun) or ledger.load_fingerprints(items) != applied.loads


# --- what the steps stand on -----------------------------------------------------------------------------------


class _Plan:
    """What a transform has to do, from the ledger, and why."""

    def __init__(self, run: Run, items: list[Gated], before: Applied, code: str) -> None:
        self.before, self.code, self.rules = before, code, ""
        self.loads = ledger.load_fingerprints(items)
        self.late = ledger.overtaken(items, before)
        self.full, self.why = self._full(run)
        known = {} if self.full else before.loads
        self.pending = sorted(load for load in self.loads if load not in known)
        about = run.company.about
        self.variables = {
            "run_id": run.run_id,
            "business_date": f"{run.business_date}",
            "as_of": _said(run.as_of),
            "time_zone": about.time_zone,
            "currency": about.currency,
            "pending_loads": self.pending,
            "identity_batch": before.batch + 1,
            "need_patterns": need_patterns(run.company),
            **run.company.analyses.model_dump(),
        }

    def _full(self, run: Run) -> tuple[bool, str]:
        changed = [load for load, mark in self.before.held.items() if self.loads.get(load) != mark]
        reasons = {
            "asked for": run.full_refresh,
            "first build": not run.home.warehouse_file.exists() or self.before.batch == 0,
            "code or settings changed": self.code != self.before.code,
            f"{len(changed)} loads were mapped or judged anew": bool(changed),
            f"{len(self.late)} loads come after later ones of their source": bool(self.late),
        }
        found = [reason for reason, holds in reasons.items() if holds]
        return (True, f"full build: {found[0]}") if found else (False, "only what changed")


def _plan(run: Run) -> _Plan:
    items = list(ledger.gated(run.home, run.company.sources))
    ledger.sweep_accepted(run.home, items)
    purging.apply(run.home)
    purge_landing.apply(run.home, run.company)
    plan = _Plan(run, items, ledger.read_applied(run.home), _code(run))
    first = ledger.first_event_date(items) or run.business_date
    write_settings(run.home, run.company, as_of=run.as_of, business_date=run.business_date, first_date=first)
    incident_decisions.write_table(run.home)
    plan.rules = nights.rules_of(run.home, f"{plan.code} {conformed.mappings_mark(run.company)}")
    ledger.write_ledger(run.home, run.company, items, plan.pending, plan.rules)
    return plan


def _code(run: Run) -> str:
    """Fingerprint of what decides how rows become marts: the dbt project, the settings that rows already carry, and
    what was purged since: the tables must not keep it.
    """
    from sales_warehouse.transform import fingerprint

    about = run.company.about
    carried = [
        about.time_zone, about.currency, about.exchange_rates, run.company.regions.model_dump(mode="json"),
        payment_sources(run.company),
    ]  # fmt: skip
    purged = [f"{purging.FORM} {file.name}" for file in purging.lists(run.home)]
    return hashlib.sha256(json.dumps([fingerprint(), carried, purged], sort_keys=True).encode()).hexdigest()[:16]


def _deciders(run: Run) -> str:
    """Fingerprint of what tells, beside the loads, who is one customer and in which tier.

    How long a class keeps its texts is not among it: that is read when a purge is made.
    """
    from sales_warehouse.transform import fingerprint

    about, company = run.company.about, run.company
    told = [
        fingerprint(),
        company.lifecycle.model_dump(mode="json", exclude={"retention"}),
        company.identity.model_dump(mode="json"),
        [about.time_zone, about.currency, about.exchange_rates],
        decided(run.home),
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _state_of_marts(run: Run) -> dict[str, int | str | None]:
    """Tell one state of the working warehouse from another, so that only what was audited is published."""
    state = run.home.warehouse_file.stat()
    business_date, as_of = _moment_of_marts(run)
    return {
        "batch": ledger.read_applied(run.home).batch,
        "bytes": state.st_size,
        "modified": state.st_mtime_ns,
        "business_date": business_date,
        "as_of": as_of,
    }


def _is_audited(run: Run) -> bool:
    is_there = run.home.warehouse_file.exists()
    return is_there and bool(durable.read_json(run.home.warehouse / AUDITED) == _state_of_marts(run))


def _moment_of_marts(run: Run) -> tuple[str | None, str | None]:
    """Return business date and moment that the marts were made for, None where a transform has not come to its end."""
    made = nights.read_draft(run.home)
    variables = made.variables if made else {}
    return variables.get("business_date"), variables.get("as_of")


def _demand_marts_of(run: Run) -> None:
    """Raise AuditFailed when the marts were made for another moment: a task of an older run that was cleared alone."""
    made = _moment_of_marts(run)
    if made == (None, None):
        raise AuditFailed(
            "a transform did not come to its end, or is at work: the tables are of two moments; clear the task "
            "`transform` with all that follow it"
        )
    if made != (f"{run.business_date}", _said(run.as_of)):
        raise AuditFailed(
            f"the marts were made for business date {made[0]}, as of {made[1]} UTC, and this run is of "
            f"{run.business_date}, as of {_said(run.as_of)} UTC; clear its task `transform` with all that follow "
            "it, or leave this run and start a new one"
        )


def _said(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _clear_remains(run: Run) -> list[str]:
    """Remove what a past night that was killed while it ran again left behind; return what there is to say of it."""
    try:
        with without_remains(run.home):
            return []
    except durable.Busy as error:
        return [f"tmp/rerun was not cleared: {error}"]


def _waiting(run: Run, source: Source) -> list[landing.Load]:
    loads = landing.loads(run.home, source.source)
    return [load for load in loads if not gates.stands(run.home, run.company, source, load, at=run.as_of)]


def _is_conformed(run: Run, source: Source, load: landing.Load) -> bool:
    have = {b.number: b.fingerprint for b in conformed.read_batches(run.home, source.source, load.load_id)}
    want = {number: mark for number, _, mark in conformed.expected(run.home, run.company, source, load)}
    manifest = conformed.folder_of(run.home, source.source, load.load_id) / conformed.MANIFEST
    return manifest.exists() and have == want


def _source_lock(run: Run, source: str) -> AbstractContextManager[None]:
    file = run.home.landing / f".{source}.lock"
    return durable.lock(file, wait_seconds=WAIT_SECONDS, purpose=f"refresh of source {source}")


def _warehouse_lock(run: Run) -> AbstractContextManager[None]:
    purpose = f"refresh {run.run_id} of {run.home.company_id}"
    return durable.lock(run.home.warehouse / ".lock", wait_seconds=WAIT_SECONDS, purpose=purpose)


def _accepted_lock(run: Run) -> AbstractContextManager[None]:
    """Hold new loads back while the accepted files are read, so that all models see the same ones."""
    return durable.lock(run.home.accepted / ".lock", wait_seconds=WAIT_SECONDS, purpose=f"refresh {run.run_id}")


def _node_progress(say: Callable[[str], None]) -> Callable[[str, float, int | None], None]:
    def on_node(name: str, seconds: float, rows: int | None) -> None:
        say(f"{name} ({seconds:.1f} s)" if rows is None else f"{name}: {rows:,} rows ({seconds:.1f} s)")

    return on_node


def _measure(result: RuleResult) -> str:
    return f"{result.unexpected_count:,} rows" if result.unexpected_count is not None else f"observed {result.observed}"
