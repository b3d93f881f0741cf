"""A world lives in a folder: what its systems hold, its truth, and the night it has reached. No clock is read.

<world>/crm.db                     the CRM (another database by `crm_url`)
<world>/shop.db                    the web shop, which shop_api.py serves
<world>/phone/<table>_<day>.csv    calls; so surveys, planning
<world>/chats/chats_<day>.jsonl    conversations; so web
<world>/dealers/<table>_<dealer>_<day>.csv  what each dealer reports; its list of dealers and stores has no dealer in it
<world>/visits/<team>_<week>.xlsx  field visits; .csv from some teams
<world>/truth/…                    what is true (truth.py)
<world>/world.json                 the night that was reached, written last
"""

from __future__ import annotations

import datetime
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sales_warehouse import durable
from sales_warehouse.company.models import DemoFile
from sales_warehouse.demo import files, tables, truth, workbooks
from sales_warehouse.demo.answers import answers
from sales_warehouse.demo.database import SystemDatabase
from sales_warehouse.demo.delivery import Delivery, deliver
from sales_warehouse.demo.generator import Generator, open_generator
from sales_warehouse.demo.tables import SourceTable

STATE = "world.json"
CLAIM = "demo_world.json"  # in the warehouse's folder: the world that it reads
OWN = (".lock", ".begun.json", ".making-")
BEGUN = ".begun.json"  # while the first night is made: what is there then is its own
BYTES_PER_ORDER = 1000  # of the web shop, with what follows from it
BYTES_PER_CUSTOMER = 350  # and day: visits, calls, chats, deals
TIMES_OVER = 4  # the world, again while it is made, and twice as much for what a warehouse makes of it
SHOP_DATABASE = "shop.db"
BEGINNING = datetime.date(1990, 1, 1)  # before everything that a world remembers


class WorldError(Exception):
    """The world cannot be brought on; nothing was written."""


@dataclass(frozen=True)
class WorldState:
    """Where a world stands: the business date whose night its data has reached, and the number of that night."""

    business_date: datetime.date
    night: int


def make_demo(company_folder: Path, world_dir: Path, warehouse: Path | None = None) -> WorldState:
    """Bring the demo world of a company folder one night on; `warehouse` is the folder of the state that reads it.

    Raises CompanyError when the folder has mistakes and WorldError when it has no demo.yml or the world is another's.
    """
    from sales_warehouse.company.load import load_for_a_night  # reads every file of the company

    company = load_for_a_night(company_folder)
    if company.demo is None:
        raise WorldError(f"{company_folder} has no demo.yml, so there is no world to make")
    if warehouse is None:
        return advance(world_dir, company.demo)
    known = durable.read_json(warehouse / CLAIM)
    if known and known["settings"] != _fingerprint(company.demo):
        raise WorldError(
            f"the warehouse in {warehouse} holds a world that was made with other settings of demo.yml, and two worlds "
            "must not mix; nothing was written. Put the old settings back, or remove that folder."
        )
    state = advance(world_dir, company.demo)
    durable.write_json(warehouse / CLAIM, {"settings": _fingerprint(company.demo)})
    return state


@contextmanager
def open_systems(world_dir: Path, log: Path) -> Iterator[dict[str, str]]:
    """Start the systems that answer over the network; yield the environment that their sources' configuration names."""
    from sales_warehouse.demo.shop_api import serving  # brings a web server with it

    with serving(world_dir / SHOP_DATABASE, log) as environment:
        yield environment


def world_date(world_dir: Path) -> datetime.date | None:
    """Return the business date that a world has reached, None before its first night."""
    state = durable.read_json(world_dir / STATE)
    return datetime.date.fromisoformat(state["business_date"]) if state else None


def advance(world_dir: Path, settings: DemoFile, *, crm_url: str | None = None) -> WorldState:
    """Make the history on the first call, one more night on each further one.

    The same settings give the same rows and the same bytes, and history plus k nights is a history k nights longer.
    A night that was interrupted is made again as it was. `crm_url` is a SQLAlchemy URL for the CRM's database.
    """
    _check_room(world_dir, settings)
    _refuse_strangers(world_dir, settings)
    world_dir.mkdir(parents=True, exist_ok=True)
    with durable.lock(world_dir / ".lock", wait_seconds=60, purpose=f"making the world in {world_dir}"):
        state = _next_state(world_dir, settings)
        first = BEGINNING if state.night == 0 else state.business_date
        if state.night == 0:
            durable.write_json(world_dir / BEGUN, {"settings": _fingerprint(settings)})
        with (
            tempfile.TemporaryDirectory(prefix=".making-", dir=world_dir) as temp,
            open_generator(settings, Path(temp)) as world,
        ):
            _live(world, world_dir, crm_url or f"sqlite:///{world_dir / 'crm.db'}", first, state.business_date)
        durable.write_json(world_dir / STATE, _written(state, settings))
        (world_dir / BEGUN).unlink(missing_ok=True)
    return state


def room_needed(settings: DemoFile) -> int:
    """Bytes that a world of this size takes with the warehouse that reads it, about: as measured for the demo."""
    return round(
        TIMES_OVER
        * settings.days
        * (BYTES_PER_ORDER * settings.daily_orders + BYTES_PER_CUSTOMER * settings.customer_count)
    )


def _check_room(world_dir: Path, settings: DemoFile) -> None:
    """Raise WorldError when a new world would not fit the disk."""
    if (world_dir / STATE).exists():
        return
    there = next(folder for folder in (world_dir, *world_dir.absolute().parents) if folder.exists())
    needed, free = room_needed(settings), shutil.disk_usage(there).free
    if needed > free:
        raise WorldError(
            f"the demo's world and its warehouse would take about {needed / 1e9:,.1f} GB and {there} has "
            f"{free / 1e9:,.1f} GB free; "
            "nothing was written. Make it smaller in demo.yml (scale, customers, days, orders_per_day), "
            "or free the disk."
        )


def _next_state(world_dir: Path, settings: DemoFile) -> WorldState:
    known = durable.read_json(world_dir / STATE)
    if known is None:
        return WorldState(settings.business_date, 0)
    if known["settings"] != _fingerprint(settings):
        raise WorldError(
            f"{world_dir} holds a world that was made with other settings of demo.yml. "
            "Put the old settings back, or remove the folder (and the state of the warehouse that read it)."
        )
    night = known["night"] + 1
    return WorldState(settings.business_date + datetime.timedelta(days=night), night)


def _refuse_strangers(world_dir: Path, settings: DemoFile) -> None:
    """Raise WorldError for a folder that holds anything but a first night of this world that was interrupted."""
    if not world_dir.exists() or (world_dir / STATE).exists():
        return
    held = sorted(path.name for path in world_dir.iterdir() if not path.name.startswith(OWN))
    begun = durable.read_json(world_dir / BEGUN)
    if held and (begun is None or begun["settings"] != _fingerprint(settings)):
        raise WorldError(
            f"{world_dir} holds {', '.join(held[:3])}{' and more' if len(held) > 3 else ''}, which this world did not "
            "make; nothing was written. Name another folder, or remove what is there."
        )


def _written(state: WorldState, settings: DemoFile) -> dict[str, object]:
    return {"business_date": str(state.business_date), "night": state.night, "settings": _fingerprint(settings)}


def _fingerprint(settings: DemoFile) -> str:
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()


def _live(world: Generator, world_dir: Path, crm_url: str, first: datetime.date, last: datetime.date) -> None:
    """Hand over what becomes visible from `first` to `last`."""
    monday = max(workbooks.monday_of(first), world.start)
    world.unfold(min(first, monday), last)
    connection = world.connection
    crm = _delivered(world, tables.CRM, first, last)
    shop = _delivered(world, tables.SHOP, max(first, world.start), last)
    for url, deliveries in ((crm_url, crm), (f"sqlite:///{world_dir / SHOP_DATABASE}", shop)):
        with SystemDatabase(url) as database:
            database.upsert(connection, deliveries)
    filed = []
    for folder, listed in tables.FILES.items():
        for delivery in _delivered(world, listed, max(first, world.start), last):
            files.write_daily(world, delivery, world_dir / folder)
            filed.append(delivery)
    # The workbook of a running week is written again with the rows that it has so far.
    visits = _delivered(world, tables.VISITS, monday, last)
    workbooks.write_weekly(world, visits[0], world_dir / "visits")
    truth.write_night(connection, [*crm, *shop, *filed, *visits], first, last, world_dir / "truth")
    truth.write_who_is_who(connection, world_dir / "truth")
    if last == world.settings.business_date:  # the answers are about the history, which later nights do not change
        durable.write_json(world_dir / "truth" / "situations.json", answers(world))


def _delivered(
    world: Generator, listed: tuple[SourceTable, ...], first: datetime.date, last: datetime.date
) -> list[Delivery]:
    return [deliver(world, table, first, last) for table in listed]
