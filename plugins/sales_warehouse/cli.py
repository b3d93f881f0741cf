"""The command line: the same functions that the DAGs call, for people."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console

from sales_warehouse import settings
from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.company.models import Company
from sales_warehouse.durable import Busy
from sales_warehouse.home import Home

if TYPE_CHECKING:
    from sales_warehouse.airflow.embedded import RefreshOutcome
    from sales_warehouse.customer.words import Language
    from sales_warehouse.identity.decisions import Decision
    from sales_warehouse.nights.rerun import Models, Rerun
    from sales_warehouse.watch.decisions import Kind as DecisionKind

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
held_rows = typer.Typer(no_args_is_help=True, help="Rows that were held back: look at them, mend them, hand them back.")
app.add_typer(held_rows, name="quarantine")
who_is_who = typer.Typer(no_args_is_help=True, help="Customers: say who is one and who is not, and take it back.")
app.add_typer(who_is_who, name="customers")
figures = typer.Typer(no_args_is_help=True, help="Metrics by any period and any cut, and the rows behind a figure.")
app.add_typer(figures, name="metrics")
rules = typer.Typer(no_args_is_help=True, help="Rules of alerts.yml: how often they would have fired.")
app.add_typer(rules, name="alerts")
people = typer.Typer(no_args_is_help=True, help="Contacts: say who is one person and who is not, and take it back.")
app.add_typer(people, name="contacts")
troubles = typer.Typer(no_args_is_help=True, help="Incidents: see what is open, and say what becomes of it.")
app.add_typer(troubles, name="incidents")
console = Console()

CompanyFolder = Annotated[
    Path,
    typer.Option("--company", envvar="SALES_WAREHOUSE_COMPANY", help="Folder of the company's configuration."),
]
DEFAULT_COMPANY = settings.PROJECT / "config" / "demo"
ENDINGS = {
    1: "[red bold]Nothing was published by this refresh; readers stay on the last version.[/red bold]",
    3: "[yellow]Published, but something failed; see above.[/yellow]",
    130: "[yellow]Interrupted. Run it again: every step takes up where it stopped.[/yellow]",
}


@app.command()
def run(
    company: CompanyFolder = DEFAULT_COMPANY,
    business_date: Annotated[
        datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last whole business day; default: as set.")
    ] = None,
    as_of: Annotated[datetime.datetime | None, typer.Option(help="Moment of the refresh, UTC; default: now.")] = None,
    full_refresh: Annotated[
        bool, typer.Option(help="Build the working warehouse anew from what was accepted.")
    ] = False,
) -> None:
    """Refresh: collect, check, transform, audit, publish and watch, through Airflow, once."""
    from sales_warehouse.airflow.embedded import run_refresh
    from sales_warehouse.airflow.refresh_lock import RefreshBusy
    from sales_warehouse.identity.contact_hash import ContactKeyError
    from sales_warehouse.run import FutureDate

    checked = _load(company)
    day = business_date.date() if business_date else _advance_demo(checked)
    try:
        with _systems(checked):
            outcome = run_refresh(company, as_of=as_of, business_date=day, full_refresh=full_refresh, console=console)
    except (RefreshBusy, Busy) as error:
        _fail(f"{error}", code=75)
    except (ContactKeyError, FutureDate) as error:
        _fail(f"{error}", code=2)
    _summarise(checked, outcome)
    raise typer.Exit(outcome.exit_code)


@app.command()
def check(company: CompanyFolder = DEFAULT_COMPANY) -> None:
    """Check the configuration of a company without running anything, and say what is unwise: goals, playbooks."""
    from rich.markup import escape

    from sales_warehouse.goal_warnings import unwise
    from sales_warehouse.playbook_warnings import unseen
    from sales_warehouse.watch.carriers import unusable

    checked = _load(company)
    wrong = unusable(checked.alerts.carriers, os.environ)
    if wrong:
        _fail("\n".join(f"{company / 'alerts.yml'}: carriers, entry {n + 1}: {why}" for n, why in wrong), code=2)
    mappings = sum(len(source.mappings) for source in checked.sources.values())
    console.print(f"{company}: fine. {len(checked.sources)} sources, {mappings} mappings.", highlight=False)
    home = Home.of(checked.company_id)
    for line in (*unwise(checked, home), *unseen(checked, home)):
        console.print(f"  [yellow]warning[/yellow] {escape(line)}", highlight=False, soft_wrap=True)


@app.command()
def situations(company: CompanyFolder = DEFAULT_COMPANY) -> None:
    """List what can be planted in the demo company, with parameters and answers; what is on is marked."""
    from sales_warehouse.demo.listing import show_situations

    checked = _load(company)
    show_situations(checked.demo, checked.about.language, console)


@app.command()
def versions(company: CompanyFolder = DEFAULT_COMPANY) -> None:
    """List the published versions; the current one is marked."""
    from sales_warehouse.publish.versions import versions as published

    for version in published(Home.of(_load(company).company_id)):
        mark = "→" if version.is_current else " "
        rows = sum(version.tables.values())
        size = f"{len(version.tables)} tables, {rows:,} rows"
        console.print(f"{mark} {version.version}  business date {version.business_date}  {size}", highlight=False)


@app.command()
def rollback(
    to: Annotated[str | None, typer.Argument(help="Version to go back to; default: the one before.")] = None,
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """Let readers see an earlier version again, in one step."""
    from sales_warehouse.publish.versions import rollback as go_back

    try:
        version = go_back(Home.of(_load(company).company_id), to)
    except (LookupError, ValueError) as error:
        _fail(f"{error}")
    console.print(f"published: {version}", highlight=False)


@app.command("nights")
def list_nights(company: CompanyFolder = DEFAULT_COMPANY) -> None:
    """List the nights that can be run again, with what is to be known about each."""
    from sales_warehouse.nights.listing import show_nights

    show_nights(Home.of(_load(company).company_id), console)


@app.command("rerun")
def rerun_nights(
    date: Annotated[datetime.datetime, typer.Option(formats=["%Y-%m-%d"], help="Business date of the night.")],
    to: Annotated[
        datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last business date; default: the same.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="This publish of the date instead of its last one.")] = None,
    models: Annotated[str, typer.Option(help="then: the models of that night; today: today's.")] = "then",
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """Run past nights again from what they had, apart from everything in use, and compare with what they gave."""
    from sales_warehouse.identity.contact_hash import ContactKeyError
    from sales_warehouse.nights import NoSuchNight, asking, listing
    from sales_warehouse.nights.store import Damaged
    from sales_warehouse.transform import TransformError

    checked, found = _load(company), list["Rerun"]()
    if models not in ("then", "today"):
        _fail(f"--models {models}: write `then` or `today`", code=2)
    home, days = Home.of(checked.company_id), asking.days(date.date(), (to or date).date())
    by: Models = "today" if models == "today" else "then"
    try:
        with console.status("") as status:

            def say(day: datetime.date, what: str) -> None:
                status.update(f"{day}: {what}")

            for item in asking.ask(home, checked, days, models=by, version=version, say=say):
                found.append(item)
                for line in listing.lines(item):
                    console.print(line, highlight=False, markup=False, soft_wrap=True)
    except (NoSuchNight, Damaged, TransformError, ContactKeyError, Busy) as error:
        _fail(f"{error}", code=75 if isinstance(error, Busy) else 2 if isinstance(error, NoSuchNight) else 1)
    if len(found) > 1:
        console.print(listing.summary(found), highlight=False)
    raise typer.Exit(1 if any(item.is_promised and not item.is_equal for item in found) else 0)


@app.command()
def customer(
    who: Annotated[str, typer.Argument(help="Customer code, credit code, number in a system, or part of the name.")],
    company: CompanyFolder = DEFAULT_COMPANY,
    events: Annotated[int, typer.Option(help="Events of the timeline to show, the newest first.", min=0)] = 20,
    of_type: Annotated[str | None, typer.Option("--type", help="Only events of a type: order, visit, call, …")] = None,
    language: Annotated[str | None, typer.Option(help="en or zh; default: the company's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
) -> None:
    """Show one customer from what is published: records, people, purchases by month, timeline over all channels."""
    from sales_warehouse.customer import NothingPublished, find, listing, opened, read_account

    about = _load(company).about
    said: Language = "zh" if (language or about.language) == "zh" else "en"
    try:
        with opened(Home.of(about.company_id)) as published:
            found = find(published, who)
            if len(found) > 1:
                listing.show_found(found, said, Console(stderr=True))
                _fail("several customers are meant; name one by its customer code")
            account = (
                read_account(published, found[0].customer_key, event_type=of_type, limit=events) if found else None
            )
    except NothingPublished as error:
        _fail(f"{error}")
    if account is None:
        _fail(
            f"no customer is known by {who!r}: give a customer code, a credit code, a system's number or part of a name"
        )
    if as_json:
        print(listing.to_json(account))
    else:
        listing.show_account(account, said, about.time_zone, console)


@app.command("review")
def weekly_review(
    company: CompanyFolder = DEFAULT_COMPANY,
    week: Annotated[
        datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Any day of it; default: the last whole one.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to this file: .html for a page, else Markdown.")] = None,
    language: Annotated[str | None, typer.Option(help="en or zh; default: the company's.")] = None,
) -> None:
    """Show the weekly review: goals, movers, incidents, actions. A week has one pack, however late it is asked."""
    from sales_warehouse import weekly

    about = _load(company).about
    said = language or about.language
    try:
        pack = weekly.pack_of(Home.of(about.company_id), week.date() if week else None)
    except weekly.NoPack as error:
        _fail(f"{error}")
    text = weekly.html(pack, said) if out and out.suffix == ".html" else weekly.markdown(pack, said)
    if out:
        out.write_text(text, encoding="utf-8")
        console.print(f"{out}: week from {pack['week_start_date']}", highlight=False, soft_wrap=True)
    else:
        print(text, end="")


@app.command()
def purge(
    company: CompanyFolder = DEFAULT_COMPANY,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--remove", help="Only show what would go, or remove it for good.")
    ] = True,
) -> None:
    """Remove the texts of old conversations, as `retention` in lifecycle.yml says; never those of the first tier."""
    from sales_warehouse import steps
    from sales_warehouse.identity.contact_hash import ContactKeyError
    from sales_warehouse.purge import NotPurgeable
    from sales_warehouse.purge_listing import show_done, show_plan
    from sales_warehouse.run import FutureDate

    _load(company)
    try:
        run = steps.make_run(company)
        show_plan(run, console, is_dry=dry_run)
        if not dry_run:
            show_done(steps.purge(run), console)
    except (NotPurgeable, ContactKeyError, FutureDate, Busy) as error:
        _fail(f"{error}", code=75 if isinstance(error, Busy) else 1)


@app.command()
def ui(
    company: CompanyFolder = DEFAULT_COMPANY,
    port: Annotated[int | None, typer.Option(help="Port of the pages; default: a free one.")] = None,
) -> None:
    """Start Airflow's own UI with the DAGs, the asset graph, the board and the other pages; Ctrl-C stops it."""
    from sales_warehouse.airflow.ports import PortTaken
    from sales_warehouse.airflow.server import ServerFailed, serve

    checked = _load(company)
    home = Home.of(checked.company_id)
    try:
        with _systems(checked):
            raise typer.Exit(serve(home, company, checked.about.time_zone, port=port, console=console))
    except (PortTaken, ServerFailed) as error:
        _fail(f"{error}")


@app.command()
def collect(
    company: CompanyFolder = DEFAULT_COMPANY,
    host: Annotated[str, typer.Option(help="Address to listen on; a proxy with TLS belongs in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.")] = 8765,
) -> None:
    """Take events that systems post (webhooks.yml) and keep them for the next refresh; SIGTERM stops it."""
    from sales_warehouse.collector.journal import StorageFailed
    from sales_warehouse.collector.secrets import SecretMissing
    from sales_warehouse.collector.server import CannotListen, NothingToCollect, serve

    checked = _load(company)
    home = Home.of(checked.company_id)
    say = partial(print, flush=True)
    try:
        serve(checked, home, host=host, port=port, environment=os.environ, say=say)
    except (NothingToCollect, SecretMissing) as error:
        _fail(f"{error}", code=2)
    except Busy as error:
        _fail(f"{error}", code=75)
    except (CannotListen, StorageFailed) as error:
        _fail(f"{error}")


@app.command()
def bundle() -> None:
    """Build the board's script from the packages in its lock file; needs Node.js."""
    from sales_warehouse.board.bundle import ensure_bundle

    console.print(f"board script: {ensure_bundle(settings.state_folder())}", highlight=False)


@app.command()
def repairs(
    company: CompanyFolder = DEFAULT_COMPANY,
    source: Annotated[str | None, typer.Option(help="Of this source only.")] = None,
    examples: Annotated[int, typer.Option(help="Texts before and after to show of each kind.", min=0)] = 3,
    out: Annotated[Path | None, typer.Option(help="Write every repair to this Parquet file instead.")] = None,
) -> None:
    """Show what was mended in accepted rows, with texts before and after."""
    from sales_warehouse import mended
    from sales_warehouse.quarantine_listing import show_repairs

    checked = _load(company)
    home, sources = Home.of(checked.company_id), [source] if source else list(checked.sources)
    if source and source not in checked.sources:
        _fail(f"there is no source {source}; the sources are {', '.join(checked.sources)}", code=2)
    if out:
        console.print(f"{out}: {mended.write(home, sources, out):,} rows", highlight=False, soft_wrap=True)
    else:
        show_repairs(home, sources, examples, console)


@app.command()
def read(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV, TSV or other delimited file.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="The table: .parquet, else CSV in UTF-8 with commas.")],
    rejects: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Lines that are no rows, with reasons (CSV); default: <out>.rejects.csv."),
    ] = None,
    mended: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Rows that were put right, before and after; default: <out>.mended.csv."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the account of all lines to this JSON file.")
    ] = None,
    dialect: Annotated[
        str,
        typer.Option(
            help="What is known: any of delimiter=; quote=double escape=backslash encoding=gb18030 header=1 skip=0, "
            "or the same as JSON; the rest is found out. header: lines of names; skip: lines before them."
        ),
    ] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Put nothing right: reject it.")] = False,
) -> None:
    """Read any one delimited file into a table and a list of rejects; every line is accounted for."""
    from sales_warehouse import durable
    from sales_warehouse.extract import FileRefused
    from sales_warehouse.reading import GivenError, parse_given, read_file
    from sales_warehouse.reading.listing import following, show_report

    bad, better = rejects or Path(f"{out}.rejects.csv"), mended or Path(f"{out}.mended.csv")
    try:
        with following(console) as on_progress:
            done = read_file(
                file,
                out,
                bad,
                better,
                parse_given(dialect),
                others=filter(None, [report]),
                strict=strict,
                on_progress=on_progress,
            )
    except GivenError as error:
        _fail(f"{error}", code=2)
    except (FileRefused, OSError) as error:
        _fail(f"{file}: {error}")
    if report:
        durable.write_json(report, done.as_json())
    show_report(done, out, bad, better, console)


@app.command()
def match(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A delimited file, or .parquet.")],
    config: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="match.yml: id, and of what kind the columns are.")
    ],
    out: Annotated[Path, typer.Option(help="A row for each record, its id and its cluster: .parquet, else CSV.")],
    pairs: Annotated[
        Path | None, typer.Option(help="Pairs worth telling, with probabilities; default: <out>.pairs.csv.")
    ] = None,
) -> None:
    """Find the records of one table that are one person or one company (docs/identity.md)."""
    from rich.progress import Progress

    from sales_warehouse.company.load import load_file
    from sales_warehouse.extract import FileRefused
    from sales_warehouse.identity.match import STEPS, MatchRefused
    from sales_warehouse.identity.match import match as match_records
    from sales_warehouse.identity.match_settings import MatchSettings

    pairs_out = pairs or Path(f"{out}.pairs.csv")
    try:
        settings_ = load_file(config, MatchSettings)
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("", total=len(STEPS))
            done = match_records(
                file,
                settings_,
                out,
                pairs_out,
                settings_file=config,
                on_step=lambda number, name: progress.update(task, completed=number, description=name),
            )
    except (CompanyError, MatchRefused) as error:
        _fail(f"{error}", code=2)
    except (FileRefused, OSError) as error:
        _fail(f"{file}: {error}")
    lines = [f"{file}: {done.records:,} records are {done.clusters:,} → {out}"]
    lines += [f"  note: {note}" for note in done.notes]
    lines.append(f"  {done.looked_at:,} pairs looked at, {done.told:,} told → {pairs_out}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


@app.command()
def causes(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Delimited files or .parquet, a row a cell.")
    ],
    attributes: Annotated[str, typer.Option(help="Columns to look in, with commas between: region,channel.")],
    actual: Annotated[str, typer.Option(help="Column of what was seen; of a ratio, its numerator.")] = "real",
    forecast: Annotated[str, typer.Option(help="Column of what was expected; of a ratio, its numerator.")] = "predict",
    actual_denominator: Annotated[str | None, typer.Option(help="Denominator of the ratio that was seen.")] = None,
    forecast_denominator: Annotated[str | None, typer.Option(help="Denominator of the expected ratio.")] = None,
    format_: Annotated[
        Literal["text", "json"], typer.Option("--format", help="Sentences, or one line of JSON for each file.")
    ] = "text",
    top: Annotated[int | None, typer.Option(help="The largest so many causes only.", min=1)] = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Language of the sentences.")] = "en",
) -> None:
    """Find the few cells of a table behind the change of a figure against its forecast (docs/causes.md)."""
    from sales_warehouse import sql
    from sales_warehouse.causes.explain import explain
    from sales_warehouse.causes.table import Measure, TableRefused, read_table
    from sales_warehouse.causes.words import sentences

    measure = Measure(actual, forecast, actual_denominator, forecast_denominator)
    named = [name.strip() for name in attributes.split(",") if name.strip()]
    with sql.connect(temp=settings.state_folder() / "tmp" / "causes") as db:
        for file in files:
            try:
                found = explain(read_table(db, file, named, measure), top=top)
            except TableRefused as error:
                _fail(f"{error}", code=2)
            if format_ == "json":
                typer.echo(found.to_json(str(file)))
                continue
            lines = [f"{file}:", *sentences(found, language)]
            console.print(*lines, sep="\n  ", highlight=False, markup=False, soft_wrap=True)


@app.command()
def why(
    company: CompanyFolder = DEFAULT_COMPANY,
    alert: Annotated[str | None, typer.Option(help="incident_key of a row of alert_metrics.")] = None,
    figure: Annotated[str, typer.Option(help="net_sales, units, discount_rate or return_rate.")] = "net_sales",
    starts_on: Annotated[
        datetime.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the period.")
    ] = None,
    ends_on: Annotated[
        datetime.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of the period.")
    ] = None,
    against: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day of the period to compare with; default: right before."),
    ] = None,
    within: Annotated[list[str] | None, typer.Option("--in", help="region=East; as often as needed.")] = None,
    format_: Annotated[Literal["text", "json"], typer.Option("--format", help="Sentences, or JSON.")] = "text",
    language: Annotated[Literal["en", "zh"] | None, typer.Option(help="Default: the company's.")] = None,
) -> None:
    """Say why sales of a period differ from those before it, or why an alert was raised, from what is published."""
    from sales_warehouse import publish
    from sales_warehouse.causes.alerts import AlertReason, why_alert
    from sales_warehouse.causes.published import NothingToExplain, Period, Reason
    from sales_warehouse.causes.published import why as why_figure
    from sales_warehouse.metrics.relations import tell
    from sales_warehouse.publish.reading import look

    about = _load(company).about
    home = Home.of(about.company_id)
    folder = publish.current_folder(home)
    if folder is None:
        _fail("nothing has been published yet: run a refresh (make run)")
    scope = {name: member for name, _, member in (each.partition("=") for each in within or ())}
    reason: Reason | AlertReason
    with look(home, folder) as db:
        told = datetime.date.fromisoformat(publish.manifest.read(folder).business_date)
        tell(db, told, time_zone=about.time_zone)
        try:
            if alert:
                reason = why_alert(db, alert, currency=about.currency)
            elif starts_on and ends_on:
                period = Period.of(starts_on.date(), ends_on.date(), against.date() if against else None)
                reason = why_figure(db, figure, period, scope, currency=about.currency)
            else:
                _fail("say which: --alert KEY, or --from DAY --to DAY", code=2)
        except NothingToExplain as error:
            _fail(f"{error}", code=2)
    if format_ == "json":
        typer.echo(reason.found.to_json(alert or "fct_sales_daily"))
        return
    lines = reason.sentences(language or ("zh" if about.language == "zh" else "en"))
    console.print(*lines, sep="\n", highlight=False, markup=False, soft_wrap=True)


@rules.command("try")
def try_rules(
    rule: Annotated[str | None, typer.Argument(help="One rule, member by member; default: a line for each.")] = None,
    company: CompanyFolder = DEFAULT_COMPANY,
    as_json: Annotated[bool, typer.Option("--json", help="JSON: every rule on every member.")] = False,
    language: Annotated[Literal["en", "zh"] | None, typer.Option(help="Default: the company's.")] = None,
) -> None:
    """Say how often rules would have fired in the last two years: on whom, when, and what could not be judged."""
    from sales_warehouse.alert_trials import NothingTried, read_trials, show_trials, to_json

    checked = _load(company)
    spoken = language or checked.about.language
    known = [each.id for each in checked.alerts.rules]
    try:
        trials = read_trials(Home.of(checked.company_id), known, rule, language=spoken)
    except NothingTried as error:
        _fail(f"{error}", code=2)
    if as_json:
        typer.echo(to_json(trials))
    else:
        show_trials(trials, console, members=rule is not None, language=spoken)


@held_rows.command("list")
def list_quarantine(
    company: CompanyFolder = DEFAULT_COMPANY,
    source: Annotated[str | None, typer.Option(help="Of this source only.")] = None,
) -> None:
    """Count the rows in quarantine by reason."""
    from sales_warehouse.quarantine import Filter
    from sales_warehouse.quarantine_listing import show_reasons

    checked = _load(company)
    show_reasons(Home.of(checked.company_id), checked, Filter(source=source), console)


@held_rows.command()
def export(
    table: Annotated[str | None, typer.Argument(help="<source>.<table>; default: every table with rows.")] = None,
    into: Annotated[Path, typer.Option(help="Folder of the sheets.")] = Path("quarantine"),
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """Write the rows in quarantine as CSV sheets, one for each table of a source, to be mended and handed back."""
    from sales_warehouse import quarantine, sheet

    checked = _load(company)
    home = Home.of(checked.company_id)
    found = [f"{s}.{t}" for s, t, _ in quarantine.tables(home, checked.sources, quarantine.Filter())]
    if table and table not in found:
        _fail(f"nothing of {table} is in quarantine; there are rows of: {', '.join(found) or 'nothing'}")
    for name in [table] if table else found:
        target, (of_source, _, of_table) = into / f"{name}.csv", name.partition(".")
        try:
            done = f"{target}: {sheet.export(home, checked, of_source, of_table, target):,} rows"
        except LookupError as error:
            if table:
                _fail(f"{error.args[0]}")
            done = f"{error.args[0]}"
        console.print(done, highlight=False, soft_wrap=True)


@held_rows.command()
def correct(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A sheet that was exported and mended.")],
    why: Annotated[str, typer.Option(help="Why the new values are right; kept with them.")],
    by: Annotated[str, typer.Option(help="Who says so.", envvar="USER")] = "",
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """Take what was changed in a sheet as corrections; the next refresh, or the DAG `replay`, lets the rows in."""
    from sales_warehouse import sheet

    checked = _load(company)
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    try:
        taken = sheet.take(Home.of(checked.company_id), checked, file.read_bytes(), by=by, why=why, at=now)
    except sheet.SheetRefused as error:
        _fail(f"{file}: {error}", code=2)
    done = f"{taken.cells:,} cells of {taken.rows:,} rows corrected" if taken.file else "nothing new in it"
    console.print(f"{file}: {done}", highlight=False, soft_wrap=True)


Why = Annotated[str, typer.Option(help="Why; kept with the decision.")]
By = Annotated[str, typer.Option(help="Who says so.", envvar="USER")]
Names = Annotated[list[str], typer.Argument(help="Two or more: a code, or a record as <source>:<id>.")]
Two = Annotated[list[str], typer.Argument(help="Two: each a code, or a record as <source>:<id>.")]
Records = Annotated[list[str], typer.Argument(help="Records that have one code, as <source>:<id>.")]
DecisionId = Annotated[str, typer.Argument(help="The decision, as `decisions` lists it.")]


@who_is_who.command()
def review(
    limit: Annotated[int, typer.Option(min=1, help="Pairs to show.")] = 50, company: CompanyFolder = DEFAULT_COMPANY
) -> None:
    """List the pairs of records that may be one customer and wait for a person, the most probable first."""
    from sales_warehouse.identity.listing import show_review

    show_review(Home.of(_load(company).company_id), limit, console)


@people.command("review")
def review_contacts(
    limit: Annotated[int, typer.Option(min=1, help="Pairs to show.")] = 50, company: CompanyFolder = DEFAULT_COMPANY
) -> None:
    """List the pairs of records that may be one person and wait for somebody to say so."""
    from sales_warehouse.identity.listing import show_contact_review

    show_contact_review(Home.of(_load(company).company_id), limit, console)


def _decisions_of(group: typer.Typer, entity: str) -> None:
    """Give a group the commands with which people decide who is one `entity`."""
    several = f"{entity}s"

    @group.command(help=f"Decide that {several} are one, from the next refresh on; the older code stays.")
    def merge(names: Names, why: Why, by: By = "", company: CompanyFolder = DEFAULT_COMPANY) -> None:
        from sales_warehouse.identity import decisions

        _decide(company, partial(decisions.merge, names=names, by=by, why=why), entity)

    @group.command(help=f"Decide that records are not the {entity} that they are taken for, from the next refresh on.")
    def split(records: Records, why: Why, by: By = "", company: CompanyFolder = DEFAULT_COMPANY) -> None:
        from sales_warehouse.identity import decisions

        _decide(company, partial(decisions.split, records=records, by=by, why=why), entity)

    @group.command(help=f"Decide that two {several} that may seem to be one are two; they wait for nobody any more.")
    def apart(names: Two, why: Why, by: By = "", company: CompanyFolder = DEFAULT_COMPANY) -> None:
        from sales_warehouse.identity import decisions

        _decide(company, partial(decisions.keep_apart, names=names, by=by, why=why), entity)

    @group.command(help="Take a merge or a split back; the next refresh gives back what was there.")
    def undo(decision: DecisionId, why: Why, by: By = "", company: CompanyFolder = DEFAULT_COMPANY) -> None:
        from sales_warehouse.identity import decisions

        _decide(company, partial(decisions.undo, decision_id=decision, by=by, why=why), entity)

    @group.command("decisions", help=f"List what people decided about {several}, and whether it stands.")
    def list_decisions(company: CompanyFolder = DEFAULT_COMPANY) -> None:
        from sales_warehouse.identity.listing import show_decisions

        show_decisions(Home.of(_load(company).company_id), entity, console)


def _decide(company: Path, decide: partial[Decision], entity: str) -> None:
    from sales_warehouse.identity.decisions import DecisionRefused
    from sales_warehouse.identity.records import CONTACTS, CUSTOMERS

    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    about = CUSTOMERS if entity == CUSTOMERS.one else CONTACTS
    try:
        decision = decide(Home.of(_load(company).company_id), at=now, entity=about)
    except DecisionRefused as error:
        _fail(f"{error}", code=2)
    console.print(f"{decision.decision_id}: kept; the next refresh follows it", highlight=False)


_decisions_of(who_is_who, "customer")
_decisions_of(people, "contact")


IncidentKey = Annotated[str, typer.Argument(help="Key of the incident, or a part of it that no other one has.")]
Note = Annotated[str, typer.Option(help="What the others should know; kept with the decision.")]
Language_ = Annotated[str | None, typer.Option("--language", help="en or zh; default: the company's.")]


@troubles.command("list")
def list_incidents(
    closed: Annotated[bool, typer.Option("--all", help="Those that are closed, too.")] = False,
    status: Annotated[
        list[str] | None,
        typer.Option(help="Only of this status: open, acknowledged, snoozed, resolved, settled, retracted, lapsed."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    language: Language_ = None,
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """List incidents, the most severe first, as people and the last night left them."""
    from sales_warehouse.watch import listing
    from sales_warehouse.watch.incidents import STATUSES, incidents

    about = _load(company).about
    if unknown := [name for name in status or () if name not in STATUSES]:
        _fail(f"--status {unknown[0]}: write one of {', '.join(STATUSES)}", code=2)
    found = incidents(Home.of(about.company_id), statuses=status or (STATUSES if closed else None))
    if as_json:
        print(listing.to_json(found))
    else:
        listing.show_incidents(found, language or about.language, console)


@troubles.command("show")
def show_incident(
    incident: IncidentKey,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    language: Language_ = None,
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """Show one incident with its history."""
    from sales_warehouse.watch import listing
    from sales_warehouse.watch.incidents import NoSuchIncident, one

    about = _load(company).about
    try:
        found = one(Home.of(about.company_id), incident)
    except NoSuchIncident as error:
        _fail(f"{error}", code=2)
    if as_json:
        print(listing.to_json(found))
    else:
        listing.show_incident(found, language or about.language, console)


@troubles.command()
def ack(incident: IncidentKey, note: Note = "", by: By = "", company: CompanyFolder = DEFAULT_COMPANY) -> None:
    """Say that somebody looks after it."""
    _decide_incident(company, incident, "acknowledge", by=by, note=note)


@troubles.command()
def snooze(
    incident: IncidentKey,
    until: Annotated[
        datetime.datetime, typer.Option(formats=["%Y-%m-%d"], help="First business date of which it may speak again.")
    ],
    note: Note = "",
    by: By = "",
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """Silence it until a business date; if it is still open then, it speaks."""
    _decide_incident(company, incident, "snooze", by=by, note=note, until=until.date())


@troubles.command()
def resolve(incident: IncidentKey, note: Note = "", by: By = "", company: CompanyFolder = DEFAULT_COMPANY) -> None:
    """Close it; a breach of a later period is another incident."""
    _decide_incident(company, incident, "resolve", by=by, note=note)


@troubles.command()
def reopen(incident: IncidentKey, note: Note = "", by: By = "", company: CompanyFolder = DEFAULT_COMPANY) -> None:
    """Open what was closed again."""
    _decide_incident(company, incident, "reopen", by=by, note=note)


@troubles.command()
def assign(
    incident: IncidentKey,
    owner: Annotated[str, typer.Argument(help="Who answers for it from now on.")],
    note: Note = "",
    by: By = "",
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """Give it to somebody."""
    _decide_incident(company, incident, "assign", by=by, note=note, owner=owner)


def _decide_incident(company: Path, incident: str, decision: DecisionKind, *, by: str, **more: Any) -> None:
    from sales_warehouse.watch.incidents import DecisionRefused, NoSuchIncident, decide

    try:
        kept = decide(Home.of(_load(company).company_id), incident, decision, by=by, **more)
    except (NoSuchIncident, DecisionRefused) as error:
        _fail(f"{error}", code=2)
    except Busy as error:
        _fail(f"{error}", code=75)
    console.print(
        f"{kept.incident_key}: {decision}, kept; the next refresh goes on from it", highlight=False, markup=False
    )


@figures.command()
def query(
    metric: Annotated[list[str], typer.Option(help="A metric of the registry; may be given again.")],
    by: Annotated[
        list[str] | None, typer.Option(help="What to cut by, as `metrics list` says; may be given again.")
    ] = None,
    grain: Annotated[
        str | None,
        typer.Option(help="day, week, month, quarter, year, fiscal_quarter, fiscal_year; default: all days in one."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write the answer as CSV, for other programs.")] = False,
    show_sql: Annotated[bool, typer.Option("--sql", help="Show the query instead of its answer.")] = False,
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """Show metrics by period and cut, from the version that readers see (docs/metrics.md)."""
    from sales_warehouse.metrics import listing
    from sales_warehouse.metrics.query import Unanswerable, ask

    home = Home.of(_load(company).company_id)
    try:
        answer = ask(home, metric, by=by or (), grain=grain)
    except Unanswerable as error:
        _fail(f"{error}", code=2)
    if show_sql:
        print(answer.query)
    elif as_csv:
        listing.write_csv(answer.columns, answer.rows, sys.stdout)
    else:
        listing.show_answer(answer, console)


@figures.command()
def rows(
    metric: Annotated[str, typer.Argument(help="A metric of the registry.")],
    period: Annotated[
        str | None, typer.Option(help="2026-06-28, 2026-W26, 2026-06 or 2026-Q2; default: the only one there is.")
    ] = None,
    grain: Annotated[
        str | None, typer.Option(help="day, week, month, quarter, all; default: that of the period.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="region=East; as often as needed, also in cuts that kpi_values has not.")
    ] = None,
    dimension: Annotated[str | None, typer.Option(help="A dimension, with --member: the same as one --where.")] = None,
    member: Annotated[str | None, typer.Option(help="A member of --dimension.")] = None,
    starts_on: Annotated[
        datetime.datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="First day, with --to, instead of a period: those of a goal."
        ),
    ] = None,
    ends_on: Annotated[
        datetime.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, with --from.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many rows the table shows.")] = 50,
    format_: Annotated[
        Literal["table", "csv", "parquet"] | None, typer.Option("--format", help="Default: table, or that of --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File for all rows, CSV or Parquet.")] = None,
    company: CompanyFolder = DEFAULT_COMPANY,
) -> None:
    """Show the rows behind a figure, which make it again to the last place, or fail (docs/metrics.md)."""
    from sales_warehouse.metrics.listing import show_rows, told_of, write_csv
    from sales_warehouse.metrics.rows import Asked, NoSuchFigure, RowsDisagree, rows_behind

    cuts = [*(where or ()), *([f"{dimension}={member}"] if dimension and member is not None else ())]
    if bool(dimension) != (member is not None) or not all("=" in each for each in cuts):
        _fail("a cut is --where DIMENSION=MEMBER, or --dimension with --member", code=2)
    asked = {name: said for name, _, said in (each.partition("=") for each in cuts)}
    if len(asked) < len(cuts):
        _fail("a dimension is cut twice: ask for one member of it", code=2)
    days = (starts_on.date(), ends_on.date()) if starts_on and ends_on else None
    if bool(starts_on) != bool(ends_on) or (days and (period or grain)):
        _fail("say --period, or --from DAY --to DAY", code=2)
    kind = format_ or ("table" if out is None else "parquet" if out.suffix == ".parquet" else "csv")
    if (kind == "parquet" and out is None) or (kind == "table" and out is not None):
        _fail("Parquet needs --out FILE, and a table goes to the terminal alone", code=2)
    about = _load(company).about
    try:
        with rows_behind(
            Home.of(about.company_id), Asked(metric, period, grain, asked, days), time_zone=about.time_zone
        ) as behind:
            typer.echo("\n".join(told_of(behind)), err=kind == "csv" and out is None)
            if out is not None:
                behind.write(out, "parquet" if kind == "parquet" else "csv")
            elif kind == "csv":
                write_csv(behind.columns, behind.rows(), sys.stdout)
            else:
                show_rows(behind, limit, console)
    except NoSuchFigure as error:
        _fail(f"{error}", code=2)
    except RowsDisagree as error:
        _fail(f"{error}")
    if out is not None:
        typer.echo(f"{out}: written")


@figures.command("list")
def list_metrics() -> None:
    """List the metrics with what they can be cut by, and those that can only be read, with the reason."""
    from sales_warehouse.metrics.listing import show_metrics

    show_metrics(console)


@figures.command()
def write() -> None:
    """Write dbt's semantic models and the list in docs/metrics.md again, after a change of the registry."""
    from sales_warehouse.metrics import semantic

    for path in semantic.write():
        console.print(f"{path.relative_to(settings.PROJECT)}: written", highlight=False)


def _load(folder: Path) -> Company:
    try:
        return load_company(folder)
    except CompanyError as error:
        _fail(f"{error}", code=2)


def _advance_demo(company: Company) -> datetime.date | None:
    """Let the demo world live one more night; other companies live by themselves."""
    if not company.demo:
        return None
    from sales_warehouse.demo import WorldError, make_demo

    home = Home.of(company.company_id)
    try:
        with console.status("making the demo company's data"):
            state = make_demo(Path(company.folder), home.source_data, home.dir)
    except WorldError as error:
        _fail(f"{error}", code=2)
    console.print(f"demo company: night {state.night}, business date {state.business_date}", highlight=False)
    return state.business_date


@contextmanager
def _systems(company: Company) -> Iterator[None]:
    """Keep the demo's web shop open during the block; the systems of other companies run by themselves."""
    home = Home.of(company.company_id)
    if not company.demo or "SHOP_URL" in os.environ or not home.source_data.exists():
        yield
        return
    from sales_warehouse.demo import open_systems

    with open_systems(home.source_data, home.logs / "shop.log") as environment:
        os.environ.update(environment)
        yield


def _summarise(company: Company, outcome: RefreshOutcome) -> None:
    from sales_warehouse.summary import show, summarise

    language = company.about.language
    summary = summarise(Home.of(company.company_id), outcome.steps, language)
    show(
        summary,
        console,
        language=language,
        seconds=outcome.seconds,
        orchestration_seconds=outcome.orchestration_seconds,
    )
    if outcome.error:
        console.print(f"[red]Airflow could not run the DAGs: {outcome.error}[/red]", highlight=False)
    if ending := ENDINGS.get(outcome.exit_code):
        console.print(ending)
    console.print(f"  log         {outcome.log}", highlight=False, soft_wrap=True)


def _fail(message: str, code: int = 1) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(code)


if __name__ == "__main__":
    app()
