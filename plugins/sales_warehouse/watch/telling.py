"""Deliver what is to be told: into the outbox first, so that neither a kill nor a carrier that is down loses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sales_warehouse import durable, failpoint
from sales_warehouse.home import Home
from sales_warehouse.run import Run
from sales_warehouse.watch import incidents
from sales_warehouse.watch.carriers import Carrier, NotDelivered, apprise_urls, chosen_carriers
from sales_warehouse.watch.left_out import read_left_out
from sales_warehouse.watch.message import Message, bare, compose, key_of
from sales_warehouse.watch.notices import News, Settings, read_news, read_settings
from sales_warehouse.watch.outbox import MOST_DAYS, Delivery, Outbox

WAIT_SECONDS = 120.0
# Why the outbox has a message that was not tried, and one that never will be.
HELD = "waits for an earlier message about the same incident"
OVERTAKEN = "overtaken: a person closed or snoozed every incident in it before it was delivered"


@dataclass
class WatchReport:
    """Incidents of which there is news; messages that were sent, and that wait for the next refresh; what failed."""

    new: int = 0
    sent: int = 0
    pending: int = 0
    failures: list[str] = field(default_factory=list)


def utc_now() -> datetime:
    return datetime.now(UTC)


def watch(
    home: Home,
    *,
    language: str,
    carriers: Sequence[Carrier],
    pages: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> WatchReport:
    """Deliver by each carrier one message about what it was not given yet, and what it could not deliver before.

    `pages` is the address of Airflow's UI, for a link to each incident. At least once: a process killed between sending
    and noting it sends the same message, with the same key, again. A carrier that fails is reported and tried again by
    the next refresh; it never raises. What else it has to say of an incident, or of rules, waits behind the message
    that failed, so that the last thing heard is how it stands.
    """
    folder = home.watch
    with durable.lock(folder / ".lock", wait_seconds=WAIT_SECONDS, purpose="sending alerts"):
        outbox = Outbox(folder / "outbox.sqlite")
        try:
            return _told(home, outbox, language, carriers, pages, clock)
        finally:
            outbox.close()


def send_alerts(
    run: Run, *, addresses: Callable[[str], Sequence[str]] | None = None, clock: Callable[[], datetime] = utc_now
) -> WatchReport:
    """Watch as the company's alerts.yml says. `addresses` gives the Apprise addresses that a connection holds.

    Without it they come from the environment. A carrier that is not set up is a failure in the report, no more; once it
    is mended it tells what is still news.
    """
    look_up = addresses or (lambda connection: apprise_urls(run.environment))
    chosen, wrong = chosen_carriers(run.company.alerts.carriers, run.home.messages, look_up)
    about = run.company.about
    report = watch(run.home, language=about.language, carriers=chosen, pages=about.pages_address, clock=clock)
    report.failures = wrong + report.failures
    return report


def _told(
    home: Home,
    outbox: Outbox,
    language: str,
    carriers: Sequence[Carrier],
    pages: str | None,
    clock: Callable[[], datetime],
) -> WatchReport:
    settings, at = read_settings(home), clock()
    by_name = {carrier.name: carrier for carrier in carriers}
    report = WatchReport()
    for delivery in outbox.outdated(list(by_name), at):
        outbox.give_up(delivery)
        report.failures.append(f"{delivery.carrier}: given up after {MOST_DAYS} days: {delivery.message.title}")
    for delivery in _overtaken(home, outbox.pending(list(by_name))):
        outbox.drop(delivery, OVERTAKEN)
    outbox.forget_mended([rule.key for rule in read_left_out(home)])
    alike: dict[frozenset[str], list[str]] = {}
    for name in by_name:
        alike.setdefault(outbox.known(name), []).append(name)
    told = set()
    for known, names in alike.items():
        news = read_news(home, known)
        message = _said(news, settings, language, at, pages) if news.notices or news.left_out else None
        outbox.enqueue(news, names, message, at)
        told |= {notice.incident_key for notice in news.notices}
        failpoint.reach("watch.after_enqueue")
    report.new = len(told)
    held: dict[str, set[str]] = {name: set() for name in by_name}
    for delivery in outbox.pending(list(by_name)):
        subjects = _subjects(delivery.message)
        if not held[delivery.carrier].isdisjoint(subjects):
            outbox.mark_held(delivery, HELD, at)
        elif _deliver(outbox, delivery, by_name[delivery.carrier], clock, report):
            continue
        held[delivery.carrier] |= subjects
    report.pending = len(outbox.pending(list(by_name)))
    return report


def _subjects(message: Message) -> set[str]:
    """What a message speaks of: its incidents, and the rules as one."""
    rules = (section.reference for section in message.sections if section.is_about_rules)
    return {*(about["key"] for about in message.incidents), *rules}


def _overtaken(home: Home, waiting: Sequence[Delivery]) -> list[Delivery]:
    """Those that speak of nothing but incidents that a person has closed or snoozed by now, as a person sees them."""
    if not waiting:
        return []
    silent = set()
    for incident in incidents.incidents(home, statuses=incidents.STATUSES):
        is_closed = incident.status in incidents.CLOSED and incident.row["status_by"] is not None
        if is_closed or incident.status == "snoozed":
            silent |= {incident.key, incidents.hidden_key(incident.key)}
    return [delivery for delivery in waiting if _subjects(delivery.message) <= silent]


def _said(news: News, settings: Settings, language: str, at: datetime, pages: str | None) -> Message:
    """A message about the news, however odd their rows are: what cannot be worded is still told."""
    on, left_out = at.date(), news.left_out
    try:
        message = compose(news.notices, settings, language=language, on=on, pages=pages, left_out=left_out)
    except Exception:
        message = bare(news.notices, language=language, on=on, left_out=left_out)
    return replace(message, key=key_of(news.notices, left_out, at))


def _deliver(
    outbox: Outbox, delivery: Delivery, carrier: Carrier, clock: Callable[[], datetime], report: WatchReport
) -> bool:
    """Send a message and note how it went. Return whether it arrived."""
    failpoint.reach("watch.before_send")
    try:
        carrier.send(delivery.message.key, delivery.message)
    except Exception as error:
        # The text of an error that is not ours may hold an address with its secrets.
        reason = str(error) if isinstance(error, NotDelivered) else type(error).__name__
        is_given_up = outbox.mark_failed(delivery, reason, clock())
        end = f", given up after {MOST_DAYS} days" if is_given_up else ""
        attempt = f"attempt {delivery.attempts + 1}{end}"
        report.failures.append(f"{carrier.name}: {reason} ({attempt}): {delivery.message.title}")
        return False
    failpoint.reach("watch.after_send")
    outbox.mark_sent(delivery, clock())
    report.sent += 1
    return True
