from __future__ import annotations

from pathlib import Path

import customer_world
import pytest
import world

from sales_warehouse.home import Home


@pytest.fixture(autouse=True)
def contact_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the hashes of contacts, which these worlds write without any."""
    monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "a key for the tests of marts")


@pytest.fixture(scope="session")
def night_by_night(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The world as three nights leave it, in a folder whose name is all special characters."""
    home = Home(tmp_path_factory.mktemp("it's [a] {b} $c=1 *"), "nightly")
    world.write_configuration(home)
    for number, night in enumerate(world.NIGHTS, start=1):
        pending = world.write_night(home, night)
        world.write_accounts(home, world.NIGHTS[:number])
        marts = () if night is world.NIGHTS[-1] else world.CARRIED
        world.refresh(home, pending, number, full=number == 1, marts=marts)
    return home


@pytest.fixture(scope="session")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same world, loaded and built in one go."""
    home = Home(Path(tmp_path_factory.mktemp("at_once")), "at_once")
    world.write_configuration(home)
    for night in world.NIGHTS:
        world.write_night(home, night)
    world.write_accounts(home, world.NIGHTS)
    world.refresh(home, [], 3, full=True)
    return home


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> customer_world.Built:
    """The customers of customer_world as of its business date; a test that refreshes leaves it as it was."""
    home = Home(tmp_path_factory.mktemp("customers"), "small")
    return customer_world.build(tmp_path_factory.mktemp("company"), home)
